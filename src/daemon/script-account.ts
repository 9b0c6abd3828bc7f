/**
 * Whom a script is run as, and whether it may be run at all: keepalived's rules. The user is the script's own, else
 * `script_user`, else keepalived_script if this machine has that user, else root. With `enable_script_security` root runs
 * nothing that others may change: neither the file nor a directory above it.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { type Account, findAccount } from '../kernel/account.ts'
import type { GlobalDefinitions } from '../model/global.ts'
import type { Script } from '../model/script.ts'

export type ScriptRules = Pick<GlobalDefinitions, 'scriptUser' | 'scriptSecurity'>

const DEFAULT_USER = 'keepalived_script'

/** The account, or one clause that says why the script is not run. */
export function scriptAccount(script: Script, rules: ScriptRules): Account | { readonly problem: string } {
  const named = script.user === undefined ? rules.scriptUser : { user: script.user, group: script.group }
  const account =
    named === undefined
      ? (findAccount(DEFAULT_USER, undefined) ?? { uid: 0, gid: 0 })
      : findAccount(named.user, named.group)
  if (account === undefined)
    return { problem: `there is no user ${named?.user}${named?.group ? ` or group ${named.group}` : ''}` }
  const path = programPath(script.argv[0] ?? '')
  if (path === undefined) return { problem: 'there is no such program, or it is not executable' }
  const open = rules.scriptSecurity && account.uid === 0 ? writableByOthers(path) : undefined
  if (open !== undefined) return { problem: `script security is enabled and others than root may change ${open}` }
  return account
}

function programPath(name: string): string | undefined {
  const candidates = name.includes('/')
    ? [name]
    : (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, name))
  return candidates.find(path => {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  })
}

/** The first of the file and the directories above it that others than root may write to. */
function writableByOthers(path: string): string | undefined {
  for (let part = realpathSync(path); ; part = dirname(part)) {
    const { uid, gid, mode } = statSync(part)
    const sticky = (mode & 0o1000) !== 0 && part !== path
    if (uid !== 0 || (mode & 0o020 && gid !== 0) || (mode & 0o002 && !sticky)) return part
    if (part === '/') return undefined
  }
}
