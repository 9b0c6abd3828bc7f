/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** 32 bits. */
  word(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return this.word() % limit
  }
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }
  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.word() & 0xff)
  }
  /** 64 bits, most often one of those at which machines change their mind. */
  constant(): bigint {
    const edge = this.pick(EDGES)
    switch (this.below(6)) {
      case 0:
        return BigInt(this.below(64))
      case 1:
        return (BigInt(this.word()) << 32n) | BigInt(this.word())
      case 2:
        return BigInt(this.word())
      case 3:
        return BigInt.asUintN(64, edge - 1n)
      case 4:
        return BigInt.asUintN(64, -edge)
      default:
        return edge
    }
  }
}

const EDGES: readonly bigint[] = [1n, 1n << 7n, 1n << 8n, 1n << 15n, 1n << 16n, 1n << 31n, 1n << 32n, 1n << 63n]
