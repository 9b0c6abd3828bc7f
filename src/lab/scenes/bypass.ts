import type { LinkStatistics } from '../../kernel/link.ts'
import { getLink } from '../../kernel/link.ts'
import { RouteSocket } from '../../kernel/route-socket.ts'
import { sluice } from '../executable.ts'
import type { Scene } from '../scene.ts'
import { expect, type Stage } from '../stage.ts'
import type { HostName } from '../topology.ts'

const BODY_BYTES = 16 * 1024 * 1024

export const bypass: Scene = {
  title: 'Replies bypass the director',
  async play(stage) {
    await stage.check('a download reaches the client, and not by way of lvs-master', async () => {
      const [address] = stage.freshAddresses(1)
      const before = statistics(stage, 'lvs-master')
      const { bytes } = await stage.clients.request(address!, { path: `/bulk?bytes=${BODY_BYTES}` })
      const after = statistics(stage, 'lvs-master')
      const entered = Number(after.rxBytes - before.rxBytes)
      const left = Number(after.txBytes - before.txBytes)
      expect(bytes === BODY_BYTES, `the client got ${bytes} of ${BODY_BYTES} bytes`)
      expect(entered + left < bytes / 4, `${entered} bytes entered lvs-master, ${left} left it`)
      const text = `${megabytes(bytes)} reached the client; ${megabytes(entered)} entered lvs-master and ${megabytes(left)} left it`
      return { text }
    })
    await stage.check('the counters of the service show requests only', async () => {
      const { output } = await stage.cluster.host('lvs-master').run(sluice('ipvsadm', '-Ln', '--stats'))
      stage.screen.command('lvs-master', ['sluice', 'ipvsadm', '-Ln', '--stats'], output)
      // Conns InPkts OutPkts InBytes OutBytes
      const [, packetsIn, packetsOut] = /^TCP +\S+ +\S+ +(\S+) +(\S+) +\S+ +(\S+)$/m.exec(output) ?? []
      expect(packetsIn !== undefined && packetsIn !== '0' && packetsOut === '0', 'OutPkts should be 0, InPkts not')
      return { text: `the counters of the service show requests only: InPkts ${packetsIn}, OutPkts ${packetsOut}` }
    })
  },
}

function statistics(stage: Stage, host: HostName): LinkStatistics {
  using route = new RouteSocket(stage.cluster.host(host).namespace)
  return getLink(route, 'eth0').statistics
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`
}
