import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { Configuration } from '../model/configuration.ts'
import type { Notice } from '../vrrp/notice.ts'
import { SyncKeeper } from './sync-keeper.ts'

const MASTER =
  '--start-daemon master --mcast-interface eth1 --syncid 51 --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 1'
const BACKUP = MASTER.replace('master', 'backup')

test('the daemon of an instance goes with its state', async () => {
  const { keeper, runs } = keeping()
  keeper.configure(configuration('VI_1'))
  await settled()
  keeper.hear(notice('VI_1', 'MASTER'))
  await settled()
  keeper.hear(notice('VI_2', 'BACKUP'))
  keeper.hear(notice('VI_1', 'MASTER_RX_LOWER_PRI'))
  await settled()
  keeper.hear(notice('VI_1', 'FAULT'))
  await settled()
  await keeper.stop()
  assert.deepEqual(await runs(), [
    BACKUP,
    '--stop-daemon backup',
    MASTER,
    '--stop-daemon master',
    BACKUP,
    '--stop-daemon backup',
  ])
})

test('without an instance there are both, and a reload changes what has changed', async () => {
  const { keeper, runs } = keeping()
  for (const id of [7, 7, 8]) {
    keeper.configure(configuration(undefined, id))
    await settled()
  }
  await keeper.stop()
  const [seven, eight] = [7, 8].map(id => [MASTER, BACKUP].map(words => words.replace('51', `${id}`)))
  const ends = ['--stop-daemon master', '--stop-daemon backup']
  assert.deepEqual(await runs(), [...seven!, ...ends, ...eight!, ...ends])
})

test('what cannot be started is said, and tried again with the next change', async () => {
  const { keeper, runs, said } = keeping('No such device')
  keeper.configure(configuration('VI_1'))
  await settled()
  keeper.hear(notice('VI_1', 'BACKUP'))
  await settled()
  await keeper.stop()
  assert.deepEqual(await runs(), [BACKUP, BACKUP])
  assert.equal(said[0], 'cannot start the IPVS sync daemon backup: No such device')
})

/** What was asked for is done by then. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function keeping(complaint = '') {
  const ran: string[] = []
  const said: string[] = []
  const keeper = new SyncKeeper(
    text => said.push(text),
    async words => {
      ran.push(words.join(' '))
      return complaint
    },
  )
  return { keeper, said, runs: async () => ran }
}

function configuration(vrrpInstance: string | undefined, syncId?: number): Configuration {
  const place = { interface: 'eth1', group: ip('224.0.0.81'), port: 8848, ttl: 1, maxLength: undefined }
  const lvsSyncDaemon = { ...place, vrrpInstance, syncId }
  return { global: { lvsSyncDaemon }, vrrpInstances: [{ name: 'VI_1', routerId: 51 }] } as unknown as Configuration
}

function notice(name: string, state: Notice['state']): Notice {
  return { about: 'INSTANCE', name, state, priority: 100, notify: {} as Notice['notify'] }
}
