import { describe, expect, it } from 'vitest';
import { Progress } from '../src/progress.ts';

function stream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 60, write: (text: string) => written.push(text) > 0, written };
}

describe('progress', () => {
  it('is a bar on a terminal, no wider than that, which is taken away at the end', () => {
    const to = stream(true);
    const progress = new Progress('conformance', to as never);
    progress.at(1, 2, 'crossEntropy on tfjs-node in float32 and more');
    expect(to.written[0]).toContain('[############............] 1/2');
    expect(to.written[0]!.replace('\r\x1b[2K', '').length).toBeLessThan(60);
    progress.end();
    expect(to.written[1]).toBe('\r\x1b[2K');
  });

  it('is a line now and then elsewhere', () => {
    const to = stream(false);
    const patient = new Progress('conformance', to as never);
    patient.at(1, 2, 'l1');
    patient.end();
    expect(to.written).toEqual([]);
    new Progress('conformance', to as never, 0).at(1, 2, 'l1');
    expect(to.written).toEqual(['conformance: 1 of 2, l1\n']);
  });
});
