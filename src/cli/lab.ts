import { Argument, type Command } from 'commander'
import { HOST_NAMES, type HostName } from '../lab/topology.ts'

export function addLab(sluice: Command): void {
  const lab = sluice
    .command('lab')
    .summary('a whole cluster in network namespaces')
    .description(
      'Build a whole cluster in network namespaces of this machine: two directors, two web servers, clients.',
    )
    .helpCommand(false)
  lab
    .command('demo', { isDefault: true })
    .summary('build it, run it, break it, watch it heal, take it away')
    .description('Build the cluster, run it, break it and watch it heal; check each step; leave nothing behind.')
    .action(async () => {
      await prepare()
      const { demo } = await import('../lab/demo.ts')
      process.exitCode = await demo(process.stdout)
    })
  lab
    .command('up')
    .summary('build it and keep it, to play with')
    .action(async () => {
      await prepare()
      const { up } = await import('../lab/up.ts')
      process.stdout.write(await up())
    })
  lab
    .command('down')
    .summary('take away what up has built')
    .action(async () => {
      await prepare()
      const { down } = await import('../lab/down.ts')
      process.stdout.write(await down())
    })
  lab
    .command('exec')
    .summary('run a command on one of its hosts')
    .description('Run a command on one of the hosts: sluice lab exec rs1 sluice realserver status')
    .addArgument(new Argument('HOST', 'where').choices(HOST_NAMES))
    .argument('<COMMAND...>', 'what, with its arguments')
    .passThroughOptions()
    .action(async (host: HostName, words: [string, ...string[]]) => {
      await prepare()
      const { exec } = await import('../lab/exec.ts')
      process.exitCode = await exec(host, words)
    })
  lab
    .command('status')
    .summary('what runs on its hosts')
    .action(async () => {
      await prepare()
      const { status } = await import('../lab/status.ts')
      process.stdout.write(status())
    })
}

async function prepare(): Promise<void> {
  const { requirePrivilege } = await import('./privilege.ts')
  requirePrivilege({
    CAP_SYS_ADMIN: 'make and enter network namespaces',
    CAP_NET_ADMIN: 'set up interfaces',
    CAP_NET_RAW: 'watch ARP and VRRP',
  })
}

/** What a lab's hosts run besides sluice itself. */
export function addLabProcess(sluice: Command): void {
  const process_ = sluice.command('lab-process', { hidden: true })
  process_.command('web <NAME>').action(async (name: string) => {
    const { serveWeb } = await import('../lab/web-server.ts')
    process.exitCode = await serveWeb(name)
  })
  process_.command('client').action(async () => {
    const { serveRequests } = await import('../lab/web-client.ts')
    process.exitCode = await serveRequests()
  })
}
