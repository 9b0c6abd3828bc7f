/** The keys of signed advertisements, as they are written. */
export const KEY_BYTES_MIN = 32
export const KEY_BYTES_MAX = 64

/** Hexadecimal digits behind `hex:`, any other text as it stands; undefined if that is no key, or not of a key's length. */
export function readKey(text: string): Uint8Array | undefined {
  const bytes = text.startsWith('hex:') ? readDigits(text.slice('hex:'.length)) : new TextEncoder().encode(text)
  return bytes.length >= KEY_BYTES_MIN && bytes.length <= KEY_BYTES_MAX ? bytes : undefined
}

/** No bytes where these are not pairs of digits. */
function readDigits(digits: string): Uint8Array {
  const pairs = /^([0-9a-f]{2})*$/i.test(digits) ? (digits.match(/../g) ?? []) : []
  return Uint8Array.from(pairs, pair => Number.parseInt(pair, 16))
}
