import { Argument, type Command } from 'commander'
import { Failure } from '../diagnostics/failure.ts'
import type { InterfaceHook } from '../kernel/service-table.ts'

const HOOKS = { tc: 'tc', xdp: 'native', 'xdp-generic': 'generic' } as const
type HookName = keyof typeof HOOKS

export function addHook(sluice: Command): void {
  sluice
    .command('hook')
    .summary('where packets meet the data path: tc or XDP')
    .description(
      "Say at which hook the packets of each interface meet the data path first, or choose it for one.\n\ntc           at the ingress of the stack: on every interface, the default\nxdp          in the interface's driver, before the kernel makes a packet of a frame: the fastest\nxdp-generic  the same program early in the stack, where a driver has no place for one\n\nWhat XDP cannot do is left to tc. The choice stays until it is changed, the interface goes or the table is removed.",
    )
    .argument('[INTERFACE]', 'the interface')
    .addArgument(new Argument('[HOOK]', 'what it shall be').choices(Object.keys(HOOKS)))
    .action(async (name: string | undefined, hook: HookName | undefined) => {
      const { serviceTable } = await import('../kernel/service-table.ts')
      const table = serviceTable().made
      if (table === undefined) throw new Failure('there is no service table yet: the first service makes it')
      using _ = table
      if (name !== undefined && hook !== undefined) table.setHook(name, HOOKS[hook])
      const hooks = table.hooks().filter(each => name === undefined || each.name === name)
      if (hooks.length === 0) throw new Failure(`there is no interface ${name}`)
      for (const each of hooks) process.stdout.write(`${each.name} ${hookName(each)}\n`)
    })
}

function hookName({ hook }: InterfaceHook): HookName {
  const names = Object.keys(HOOKS) as HookName[]
  return names.find(name => HOOKS[name] === hook)!
}
