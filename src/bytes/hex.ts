/** Bytes from hex digits; white space between them is for the reader. Throws SyntaxError on anything else. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) throw new SyntaxError(`"${text}" is not hex`)
  return Uint8Array.from(digits.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
}

/** The bytes as hex, in groups of four bytes. */
export function toHex(bytes: Uint8Array): string {
  const digits = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
  return digits.replace(/.{8}(?=.)/g, '$& ')
}
