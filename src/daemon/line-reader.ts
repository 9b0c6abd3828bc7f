/** Lines out of chunks of bytes, however they were cut; a line longer than `bytesMax` is a mistake, not a memory leak. */
export class LineReader {
  readonly #bytesMax: number
  #pending = Buffer.alloc(0)

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The lines that `chunk` completes; undefined once a line grew too long, and then for good. */
  push(chunk: Uint8Array): readonly string[] | undefined {
    if (this.#pending.length > this.#bytesMax) return undefined
    const bytes = Buffer.concat([this.#pending, chunk])
    const lines: string[] = []
    let start = 0
    for (let end = bytes.indexOf(10, start); end !== -1; end = bytes.indexOf(10, start)) {
      if (end - start > this.#bytesMax) return this.#refuse()
      lines.push(bytes.toString('utf8', start, end))
      start = end + 1
    }
    if (bytes.length - start > this.#bytesMax) return this.#refuse()
    this.#pending = Buffer.from(bytes.subarray(start))
    return lines
  }

  #refuse(): undefined {
    this.#pending = Buffer.alloc(this.#bytesMax + 1)
  }
}
