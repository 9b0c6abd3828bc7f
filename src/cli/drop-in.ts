/** The programs that sluice is when it is called by their names, or told so by its first word. Their argv is theirs alone. */
import type { ServiceTable } from '../model/virtual-service.ts'
import type { Io } from './ipvsadm/io.ts'

type Main = (argv: readonly string[]) => Promise<number>

const DROP_INS: Readonly<Record<string, Main>> = {
  genhash: async argv => {
    const { genhash } = await import('./genhash/genhash.ts')
    const { processIo } = await import('./ipvsadm/io.ts')
    return await genhash(argv, processIo())
  },
  keepalived: async argv => {
    const { keepalived } = await import('./keepalived.ts')
    return await keepalived(argv)
  },
  ipvsadm: async argv => {
    const { ipvsadm } = await import('./ipvsadm/ipvsadm.ts')
    return await onTable(argv, ipvsadm)
  },
  'ipvsadm-save': async argv => {
    const { ipvsadmSave } = await import('./ipvsadm/scripts.ts')
    return await onTable(argv, ipvsadmSave)
  },
  'ipvsadm-restore': async argv => {
    const { ipvsadmRestore } = await import('./ipvsadm/scripts.ts')
    return await onTable(argv, ipvsadmRestore)
  },
}

/** What to run for a program called `name` with `argv`; undefined if that is sluice itself. It resolves to the exit status. */
export function dropIn(name: string, argv: readonly string[]): (() => Promise<number>) | undefined {
  const [word = '', ...rest] = argv
  if (Object.hasOwn(DROP_INS, name)) return () => DROP_INS[name]!(argv)
  if (Object.hasOwn(DROP_INS, word)) return () => DROP_INS[word]!(rest)
  return undefined
}

/** With the streams of this process and the service table of its network namespace. */
async function onTable(
  argv: readonly string[],
  run: (argv: readonly string[], io: Io, openTable: () => ServiceTable) => Promise<number>,
): Promise<number> {
  const { processIo } = await import('./ipvsadm/io.ts')
  const { serviceTable } = await import('../kernel/service-table.ts')
  return await run(argv, processIo(), serviceTable)
}
