import { namespaceCookie } from './namespace.ts'

/** Where run-time files of a network namespace are, the current one's if not said: programs in several do not meet. */
export function runtimeDirectory(cookie: bigint = namespaceCookie()): string {
  return `/run/sluice/${cookie}`
}
