/** A namespace with a server that answers on a thousand addresses, and a daemon that checks each of them every second. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setLink } from '../../src/kernel/link.ts'
import {
  createNamespace,
  deleteNamespace,
  inNamespace,
  type Namespace,
  namespaceCookie,
} from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { removeServiceTable } from '../../src/kernel/service-table.ts'

export const SERVERS = 1000
const PORT = 8080
const WITHOUT_IPVS = join(import.meta.dirname, '../../test/conformance/checkers/without-ipvs.c')

export interface Thousand {
  readonly namespace: Namespace
  readonly server: ChildProcess
  readonly daemon: ChildProcess
  close(): Promise<void>
}

export async function openThousand(which: 'sluice' | 'keepalived'): Promise<Thousand> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const namespace = createNamespace(`sluice-bench-${process.pid}`)
  const cookie = inNamespace(namespace, namespaceCookie)
  {
    using route = new RouteSocket(namespace)
    setLink(route, 'lo', { up: true })
  }
  const words = ['--import', 'tsx', join(import.meta.dirname, 'accept.ts'), `${PORT}`]
  const server = inNamespace(namespace, () => spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] }))
  await once(server.stdout!, 'data')
  const file = join(folder, 'keepalived.conf')
  writeFileSync(file, configuration())
  const daemon = inNamespace(namespace, () => start(which, folder, file))
  return {
    namespace,
    server,
    daemon,
    close: async () => {
      server.kill('SIGKILL')
      if (daemon.exitCode === null) {
        const gone = once(daemon, 'exit')
        daemon.kill('SIGTERM')
        await gone
      }
      inNamespace(namespace, () => removeServiceTable(cookie))
      deleteNamespace(namespace.name)
      namespace.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function start(which: 'sluice' | 'keepalived', folder: string, file: string): ChildProcess {
  if (which === 'sluice') return spawn('bin/sluice', ['run', '-f', file], { stdio: 'ignore' })
  const library = join(folder, 'without-ipvs.so')
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, WITHOUT_IPVS])
  const words = ['-C', '-n', '-f', file, '-p', join(folder, 'parent.pid'), '-c', join(folder, 'checkers.pid')]
  return spawn('/usr/sbin/keepalived', words, { stdio: 'ignore', env: { ...process.env, LD_PRELOAD: library } })
}

function configuration(): string {
  const servers = Array.from({ length: SERVERS }, (_, i) => {
    return `real_server 127.1.${i >> 8}.${i & 0xff} ${PORT} {\nTCP_CHECK {\n}\n}`
  })
  return `virtual_server 10.9.0.1 80 {
delay_loop 1
warmup 1
retry 0
connect_timeout 1
lb_algo rr
lb_kind NAT
protocol TCP
${servers.join('\n')}
}
`
}
