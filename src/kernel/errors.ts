/** What the kernel refuses, with what we were trying to do and the kernel's own words for it. */
import { constants } from 'node:os'

export class KernelError extends Error {
  /** What we were trying to do, as in "add 10.0.0.1/24 to eth0". */
  readonly operation: string
  readonly errno: number
  /** The errno's name in the headers: `EPERM`. */
  readonly code: string

  constructor(operation: string, errno: number, words: string, options?: ErrorOptions) {
    const code = errnoName(errno)
    super(`cannot ${operation}: ${words} (${code})`, options)
    this.name = 'KernelError'
    this.operation = operation
    this.errno = errno
    this.code = code
  }
}

/** True for a KernelError with one of these codes: `catch (error) { if (!isKernelError(error, 'EEXIST')) throw error }`. */
export function isKernelError(error: unknown, ...codes: readonly string[]): error is KernelError {
  return error instanceof KernelError && (codes.length === 0 || codes.includes(error.code))
}

/** `EPERM` for 1; `errno 4095` for a number without a name. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`
}

/** Names that node leaves out: some it does not know, and 524, which user space should never see but bpf(2) returns. */
const FURTHER: Readonly<Record<string, number>> = {
  ENOTBLK: 15,
  ENODEV: 19,
  ECHRNG: 44,
  EUNATCH: 49,
  ENONET: 64,
  ECOMM: 70,
  ENOTUNIQ: 76,
  EREMCHG: 78,
  EUSERS: 87,
  ESOCKTNOSUPPORT: 94,
  EPFNOSUPPORT: 96,
  ESHUTDOWN: 108,
  EHOSTDOWN: 112,
  ENOKEY: 126,
  ENOTSUPP: 524,
}

/** Of two names for one number, the one the kernel's sources use. */
const PREFERRED: readonly string[] = ['EAGAIN', 'EOPNOTSUPP']

const NAMES: ReadonlyMap<number, string> = new Map([
  ...Object.entries({ ...constants.errno, ...FURTHER }).map(([name, errno]) => [errno, name] as const),
  ...PREFERRED.map(name => [constants.errno[name as keyof typeof constants.errno], name] as const),
])
