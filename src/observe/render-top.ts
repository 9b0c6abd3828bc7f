/** The live view: who is active, then what flows, cut to the terminal. */
import { renderTraffic } from './render-traffic.ts'
import type { InstanceSnapshot, Snapshot } from './snapshot.ts'
import type { ServiceTraffic } from './traffic.ts'

export interface TopView {
  /** Undefined where no daemon runs: the table forwards all the same. */
  readonly snapshot: Snapshot | undefined
  readonly traffic: readonly ServiceTraffic[]
  readonly connections: number
  /** `14:52:07` */
  readonly time: string
}

export interface Terminal {
  readonly rows: number
  readonly columns: number
}

/** Without a terminal nothing is cut. */
export function renderTop({ snapshot, traffic, connections, time }: TopView, terminal?: Terminal): readonly string[] {
  const who = snapshot === undefined ? 'no daemon runs here' : `${snapshot.routerId}, pid ${snapshot.pid}`
  const head = [
    `${time}  ${who}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    ...(snapshot?.alarms.map(alarm => `ALARM  ${alarm}`) ?? []),
    ...(snapshot?.vrrp.map(instanceLine) ?? []),
    '',
  ]
  const lines = [...head, ...renderTraffic(traffic, terminal === undefined ? undefined : terminal.rows - head.length)]
  return terminal === undefined ? lines : lines.slice(0, terminal.rows).map(line => line.slice(0, terminal.columns))
}

function instanceLine({ name, state, faults, addresses }: InstanceSnapshot): string {
  const held = addresses.filter(({ present }) => present).map(({ address }) => address)
  const fault = faults.length === 0 ? '' : ` (${faults.join(', ')})`
  return `${name}  ${state}${fault}${held.length === 0 ? '' : `, ${held.join(', ')}`}`
}
