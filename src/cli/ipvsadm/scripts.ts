/** `ipvsadm-save` and `ipvsadm-restore`, the scripts that come with ipvsadm. */
import type { ServiceTable } from '../../model/virtual-service.ts'
import type { Io } from './io.ts'
import { ipvsadm } from './ipvsadm.ts'
import { lines } from './lines.ts'

const SAVE_HELP = `ipvsadm-save: Script to save the IPVS table to stdout.
   With the -n option, prints out the table in numeric format.
`

/** `ipvsadm -S`, numeric with `-n`. */
export async function ipvsadmSave(argv: readonly string[], io: Io, openTable: () => ServiceTable): Promise<number> {
  if (argv.some(word => word.startsWith('-') && word !== '-n')) {
    io.stderr(SAVE_HELP)
    return 1
  }
  return await ipvsadm(argv.includes('-n') ? ['-S', '-n'] : ['-S'], io, openTable)
}

/** Clears the table and restores what is read, without the lines that begin with `#`. Words are not looked at. */
export async function ipvsadmRestore(_argv: readonly string[], io: Io, openTable: () => ServiceTable): Promise<number> {
  const rules: string[] = []
  for await (const batch of lines(io.stdin)) rules.push(...batch.filter(line => !line.startsWith('#')))
  await ipvsadm(['-C'], io, openTable)
  return await ipvsadm(['-R'], { ...io, stdin: once(rules.join('\n')) }, openTable)
}

async function* once(text: string): AsyncGenerator<string> {
  yield text
}
