/** @file What a refusal has to be: a ProbityError in one line, without control characters. */
import { expect } from 'vitest'
import { ProbityError } from '../../../src/contracts/errors.js'

/** The message of what `check` throws. */
export function refusalOf(check: () => unknown): string {
  try {
    check()
  } catch (error) {
    if (!(error instanceof ProbityError)) throw error
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
    return error.message
  }
  throw new Error('was not refused')
}
