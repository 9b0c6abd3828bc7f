/**
 * The chunked transfer coding (RFC 9112, section 7.1), decoded as it comes:
 *
 *     size in hexadecimal [; extensions] CRLF  that many bytes  CRLF   … again and again
 *     0 CRLF  [trailer fields]  CRLF
 */
export type ChunkPosition =
  /** In a line: the size of a chunk, the empty line behind one, or the fields behind the last. */
  | { readonly name: 'size' | 'gap' | 'trailer'; readonly line: string }
  /** In a chunk, so many bytes before its end. */
  | { readonly name: 'chunk'; readonly left: number }

export const FIRST_CHUNK: ChunkPosition = { name: 'size', line: '' }

const LINE_LENGTH_MAX = 8192

export interface DecodedChunks {
  /** Undefined: these are no chunks. */
  readonly position: ChunkPosition | undefined
  readonly data: readonly Uint8Array[]
  readonly ended: boolean
  /** Bytes behind the end. */
  readonly left: number
}

export function decodeChunks(from: ChunkPosition, bytes: Uint8Array): DecodedChunks {
  const data: Uint8Array[] = []
  let position = from
  for (let at = 0; at < bytes.length; ) {
    if (position.name === 'chunk') {
      const piece = bytes.subarray(at, at + position.left)
      data.push(piece)
      at += piece.length
      const left: number = position.left - piece.length
      position = left === 0 ? { name: 'gap', line: '' } : { name: 'chunk', left }
      continue
    }
    const end = bytes.indexOf(0x0a, at)
    const line: string =
      position.line + Buffer.from(bytes.subarray(at, end === -1 ? bytes.length : end)).toString('latin1')
    if (line.length > LINE_LENGTH_MAX) return { position: undefined, data, ended: false, left: 0 }
    if (end === -1) return { position: { ...position, line }, data, ended: false, left: 0 }
    at = end + 1
    const next = behind(position.name, line.replace(/\r$/, ''))
    if (next === 'end') return { position, data, ended: true, left: bytes.length - at }
    if (next === undefined) return { position: undefined, data, ended: false, left: 0 }
    position = next
  }
  return { position, data, ended: false, left: 0 }
}

/** What follows a line; undefined if it cannot stand there. */
function behind(name: 'size' | 'gap' | 'trailer', line: string): ChunkPosition | 'end' | undefined {
  switch (name) {
    case 'size': {
      const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line)?.[1]
      if (size === undefined) return undefined
      const left = Number.parseInt(size, 16)
      return left === 0 ? { name: 'trailer', line: '' } : { name: 'chunk', left }
    }
    case 'gap':
      return line === '' ? FIRST_CHUNK : undefined
    case 'trailer':
      return line === '' ? 'end' : { name: 'trailer', line: '' }
  }
}
