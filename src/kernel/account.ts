/** Users and groups of this machine, from /etc/passwd and /etc/group, whom programs are run as. */
import { readFileSync } from 'node:fs'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Numbers are taken as they are. Without a group it is the user's own. Undefined: there is no such user or group. */
export function findAccount(user: string, group: string | undefined): Account | undefined {
  const [, , uid = numeric(user), own = numeric(user)] = lookUp('/etc/passwd', user)
  const [, , named = numeric(group)] = group === undefined ? [] : lookUp('/etc/group', group)
  const gid = group === undefined ? own : named
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** The fields of an entry: its name, its password, its number, and for users the number of their group. */
function lookUp(path: string, name: string): readonly string[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.map(line => line.split(':')).find(fields => fields[0] === name) ?? []
}

function numeric(text: string | undefined): string | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? text : undefined
}
