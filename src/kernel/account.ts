/** Users and groups of this machine, from /etc/passwd and /etc/group, whom programs are run as. */
import { readFileSync } from 'node:fs'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Numbers are taken as they are. Without a group it is the user's own. Undefined: there is no such user or group. */
export function findAccount(user: string, group: string | undefined): Account | undefined {
  const entry = lookUp('/etc/passwd', user)
  const uid = entry === undefined ? numeric(user) : Number(entry[2])
  const named = group === undefined ? undefined : lookUp('/etc/group', group)
  const gid =
    group === undefined
      ? entry === undefined
        ? uid
        : Number(entry[3])
      : named === undefined
        ? numeric(group)
        : Number(named[2])
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

function lookUp(path: string, name: string): readonly string[] | undefined {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map(line => line.split(':'))
    .find(fields => fields[0] === name)
}

function numeric(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}
