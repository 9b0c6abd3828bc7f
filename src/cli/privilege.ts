import { Failure } from '../diagnostics/failure.ts'
import { missingPrivilege } from '../kernel/process.ts'

/** Throws a Failure that names the missing privilege and what for. Who calls this is about to use the kernel. */
export function requirePrivilege(needs: Parameters<typeof missingPrivilege>[0]): void {
  const missing = missingPrivilege(needs)
  if (missing !== undefined) throw new Failure(missing)
}
