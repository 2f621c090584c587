import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, fromJson, type Message, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

// A protobuf library that knows nothing of src/proto.ts reads our models, by the schema that ONNX publishes.

const scalars: Readonly<Record<string, string>> = {
  int32: 'TYPE_INT32',
  int64: 'TYPE_INT64',
  string: 'TYPE_STRING',
  bytes: 'TYPE_BYTES',
};

interface MessageJson {
  name: string;
  field: object[];
  nestedType: MessageJson[];
  oneofDecl: { name: string }[];
}

/** As much of a protobuf compiler as onnx.proto needs: its messages as a descriptor. */
function parse(source: string): MessageJson[] {
  const tokens: readonly string[] = source.replace(/\/\/.*/g, '').match(/"[^"]*"|[\w.]+|[{}=;]/g) ?? [];
  let at = tokens.indexOf('message');
  const messageBody = (name: string, path: string): MessageJson => {
    const message: MessageJson = { name, field: [], nestedType: [], oneofDecl: [] };
    let oneof: number | undefined;
    for (;;) {
      const token = tokens[at++]!;
      if (token === '}' && oneof !== undefined) oneof = undefined;
      else if (token === '}') return message;
      else if (token === 'message') {
        const nested = tokens[at]!;
        at += 2;
        message.nestedType.push(messageBody(nested, `${path}.${nested}`));
      } else if (token === 'oneof') {
        oneof = message.oneofDecl.push({ name: tokens[at]! }) - 1;
        at += 2;
      } else {
        const labelled = token === 'optional' || token === 'repeated';
        const type = labelled ? tokens[at++]! : token;
        const [field, , number] = tokens.slice(at, at + 3);
        at += 4;
        const nested = message.nestedType.some((entry) => entry.name === type);
        message.field.push({
          name: field,
          jsonName: field!.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
          number: Number(number),
          label: token === 'repeated' ? 'LABEL_REPEATED' : 'LABEL_OPTIONAL',
          type: scalars[type] ?? 'TYPE_MESSAGE',
          ...(scalars[type] ? {} : { typeName: nested ? `${path}.${type}` : `.onnx.${type}` }),
          ...(oneof === undefined ? {} : { oneofIndex: oneof }),
        });
      }
    }
  };
  const messages: MessageJson[] = [];
  while (tokens[at] === 'message') {
    const name = tokens[at + 1]!;
    at += 3;
    messages.push(messageBody(name, `.onnx.${name}`));
  }
  return messages;
}

const registry = createFileRegistry(
  fromJson(FileDescriptorSetSchema, {
    file: [
      {
        name: 'onnx.proto',
        package: 'onnx',
        syntax: 'proto2',
        messageType: parse(readFileSync(new URL('onnx.proto', import.meta.url), 'utf8')),
      },
    ],
  } as never),
);
const schema = registry.getMessage('onnx.ModelProto')!;

interface ReadAttribute {
  name: string;
  type: number;
  i?: string;
  s?: string;
  g?: ReadGraph;
  ints?: string[];
}
interface ReadValue {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim?: { dimValue?: string; dimParam?: string }[] } } };
}
export interface ReadGraph {
  name: string;
  node?: { opType: string; input?: string[]; output: string[]; attribute?: ReadAttribute[] }[];
  initializer?: { name: string; dims?: string[]; dataType: number; rawData?: string }[];
  input?: ReadValue[];
  output: ReadValue[];
}
export interface ReadModel {
  irVersion: string;
  producerName: string;
  docString: string;
  opsetImport: { domain: string; version: string }[];
  metadataProps: { key: string; value: string }[];
  graph: ReadGraph;
}

/** A model as JSON; throws if it holds a field that the schema does not know. */
export function readModel(bytes: Uint8Array): ReadModel {
  const message = fromBinary(schema, bytes);
  refuseUnknown(message);
  return toJson(schema, message, { registry }) as unknown as ReadModel;
}

function refuseUnknown(value: unknown): void {
  if (Array.isArray(value)) value.forEach(refuseUnknown);
  else if (value !== null && typeof value === 'object' && !ArrayBuffer.isView(value)) {
    const { $unknown } = value as Message;
    if ($unknown?.length) throw new Error(`unknown field ${$unknown[0]!.no} of ${(value as Message).$typeName}`);
    Object.values(value).forEach(refuseUnknown);
  }
}
