/** @file What hostile files are made of: names, numbers and texts that break programs which believe them. */

export const NAMES = [
  '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'length', 'then', '', ' ', '.', '..', '*', '0', '-1',
  'a\nb', 'a\r\nb', 'a\u0000b', '\u001b[31mred\u001b[0m', '\u001b]8;;http://example.invalid\u0007link\u001b]8;;\u0007', '\u202egnp.exe', '\u2066x\u2069', '\ud800', '\ufeffa', '\u2028', '\u0085',
  '../../etc/passwd', '/etc/passwd', 'C:\\Windows\\win.ini', '..\\..\\x', 'file:///etc/passwd', 'http://example.invalid/x', 's3://bucket/x', '\\\\host\\share', '%2e%2e/', '~root', 'con',
  "'; DROP TABLE t; --", '"', "'", '`', '${7*7}', '{{7*7}}', '<script>alert(1)</script>', '</script><!--', '=HYPERLINK("http://example.invalid")', '@SUM(1)', '+1', '-1+1', '|cmd', '%s%n',
  'x'.repeat(300), 'é'.repeat(2000), 'a'.repeat(70000),
]

/** Numbers as texts, for formats that spell them. */
export const NUMBERS = [
  '0', '-0', '1', '-1', '2', '3', '7', '255', '256', '65535', '65536', '2147483647', '2147483648', '-2147483648', '4294967295', '4294967296', '9007199254740991', '9007199254740993',
  '9223372036854775807', '9223372036854775808', '-9223372036854775808', '18446744073709551615', '1e308', '1e309', '-1e309', '1e400', '5e-324', '1e-400', '0.1', '1.7976931348623157e308', '1e22', '123456789012345678901234567890',
  `1${'0'.repeat(400)}`, `0.${'0'.repeat(400)}1`,
]

/** Integers, as bits. */
export const INTEGERS = [
  0n, 1n, -1n, 2n, 3n, 4n, 7n, 8n, 13n, 16n, 17n, 64n, 127n, 128n, 255n, 256n, 1000n, 4096n, 32767n, 32768n, 65535n, 65536n, 1n << 20n, 1n << 24n, (1n << 31n) - 1n, 1n << 31n, 1n << 32n, 1n << 40n, (1n << 53n) - 1n, 1n << 53n, (1n << 62n),
  (1n << 63n) - 1n, -(1n << 63n), -(1n << 31n), -2n, -128n,
]

/** Bytes that are text in no or another encoding, and beginnings of other formats. */
export const BYTES = [
  [0], [0xff], [0xfe, 0xff], [0xff, 0xfe], [0xef, 0xbb, 0xbf], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x80, 0xae], [0x1b, 0x5b, 0x33, 0x31, 0x6d], [0x0d], [0x0a], [0x0d, 0x0a], [0x0a, 0x0d], [0x22], [0x22, 0x22], [0x2c], [0x3b], [0x09], [0x7c],
  [0x50, 0x4b, 3, 4], [0x1f, 0x8b, 8, 0], [0x50, 0x41, 0x52, 0x31], [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], [0x80, 4, 0x95], [0x25, 0x50, 0x44, 0x46], [0x7f, 0x45, 0x4c, 0x46], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0x80], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
].map((bytes) => Buffer.from(bytes))
