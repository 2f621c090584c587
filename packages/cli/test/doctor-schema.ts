import { expect } from 'vitest';
import type { DoctorReport } from '../src/doctor/doctor.ts';
import { conforms } from './schemas.ts';

/** A report as it was printed, which has to be as its schema says. */
export function parseReport(text: string): DoctorReport {
  const report = JSON.parse(text) as DoctorReport;
  conforms('doctor', report);
  expect(report.ok).toBe(report.problems.length === 0);
  return report;
}
