/** What every interval of a report covers, in the words that every report uses. */
export const COVERAGE = 'The interval covers the sampling error of these rows only; not a retrained model, another population or another time.'
