import { ipvsadm } from '../../../src/cli/ipvsadm/ipvsadm.ts'
import { ipvsadmRestore, ipvsadmSave } from '../../../src/cli/ipvsadm/scripts.ts'
import type { ServiceTable } from '../../../src/model/virtual-service.ts'
import { recordedNames } from './recorded-names.ts'
import { type Answer, shellWords } from './session.ts'

const PROGRAMS = { ipvsadm, 'ipvsadm-save': ipvsadmSave, 'ipvsadm-restore': ipvsadmRestore }
const NAMES = recordedNames()

/** What sluice answers to a recorded command line. */
export async function play(command: string, stdin: string, table: ServiceTable): Promise<Answer> {
  const [program = '', ...words] = shellWords(command)
  const run = PROGRAMS[program as keyof typeof PROGRAMS]
  let stdout = ''
  let stderr = ''
  const input = async function* () {
    yield stdin
  }
  const io = {
    stdin: input(),
    stdout: (text: string) => {
      stdout += text
    },
    stderr: (text: string) => {
      stderr += text
    },
    names: NAMES,
  }
  const status = await run(words, io, () => table)
  return { stdout, stderr, status }
}

/** An answer as the session files write it. */
export function written(command: string, { stdout, stderr, status }: Answer): string {
  const marked = (mark: string, text: string) => text.replace(/^(?=.|\n)/gm, `${mark} `)
  return `$ ${command}\n${marked('>', stdout)}${marked('!', stderr)}= ${status}`
}
