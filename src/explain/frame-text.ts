import { toHex } from '../bytes/hex.ts'

/** A frame for programs: hexadecimal, without anything between. */
export function frameText(frame: Uint8Array): string {
  return toHex(frame).replaceAll(' ', '')
}
