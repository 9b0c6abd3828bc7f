/** A DataView over exactly these bytes, which may themselves be a window on a larger buffer. Network order is its default. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
