import type { Runtime } from './runtime.ts';
import type { OrtModule } from './session.ts';

/** onnxruntime-node, if it is installed. */
export async function loadRuntime(): Promise<Runtime> {
  try {
    const module = await import('onnxruntime-node');
    const ort = ('InferenceSession' in module ? module : (module as { default: unknown }).default) as typeof module;
    return { ort: ort as OrtModule, version: ort.env.versions.node ?? ort.env.versions.common };
  } catch (error) {
    const missing = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    const message = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
    return {
      reason: missing ? 'onnxruntime-node is not installed' : `onnxruntime-node does not load: ${message}`,
      remedy: missing ? 'npm install onnxruntime-node' : 'reinstall it for this platform: npm install onnxruntime-node',
    };
  }
}
