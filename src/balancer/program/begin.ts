/** The first packet of a connection: who takes it, by persistence or by the scheduler, and the entry that remembers. */
import type { Condition, Pointer, Value, Variable } from '../../bpf/value.ts'
import {
  CONNECTION,
  COUNTER,
  DESTINATION,
  DESTINATION_FLAG,
  DETAIL,
  SERVICE,
  SERVICE_FLAG,
  SETTINGS,
  STATE,
  TIMEOUTS_OFFSET,
} from '../layout.ts'
import { schedule } from '../schedulers/schedule.ts'
import { SCTP_EVENT } from '../sctp-state.ts'
import type { SysctlName } from '../sysctls.ts'
import { nextTcpState } from '../tcp-state.ts'
import { narrowWords, readAddress } from './address.ts'
import {
  burden,
  type ConnectionKey,
  connectionKey,
  createConnection,
  findConnection,
  removeConnection,
  settleMethod,
} from './connection.ts'
import { thinOut } from './defence.ts'
import { advance, isOver } from './follow.ts'
import { PROTOCOL, TCP_FLAG } from './headers.ts'
import { passOnePacket, type VariableWay } from './one-packet.ts'
import { perProtocol } from './per-protocol.ts'
import type { Scene } from './scene.ts'
import { tell } from './tell.ts'

/** Where services schedule packets one by one: how such a packet goes to its server, and where the program goes on then. */
export interface Alone {
  readonly way: VariableWay
  readonly leave: () => void
}

/** Finds a server for a connection that begins with this packet, and enters it; or ends with a verdict. */
export function beginConnection(
  scene: Scene,
  key: ConnectionKey,
  serviceNumber: Value,
  slot: Variable,
  destination: Variable,
  alone?: Alone,
): void {
  const { code, tables, hook, shape, packet, looping, now, refuse } = scene
  const service = tables.service(serviceNumber)
  const stranger = () => {
    tables.count('not-scheduled')
    code.exit(hook.pass)
  }
  // Only a SYN, or an INIT, begins a connection: what else comes without one gets the stack's RST. Unless sloppy_tcp,
  // or sloppy_sctp, is set.
  const unusual = (name: SysctlName, isPossible: Condition) =>
    code.guard(isPossible.and(tables.sysctl(name).ne(0)), () => {
      tell(code, 'not-opening')
      stranger()
    })
  perProtocol(code, shape, packet.protocol, {
    tcp: () =>
      code.rarely(packet.flags.and(TCP_FLAG.syn | TCP_FLAG.rst).ne(TCP_FLAG.syn), () =>
        unusual('sloppy_tcp', packet.flags.has(TCP_FLAG.rst).not()),
      ),
    udp: () => {},
    sctp: () =>
      code.rarely(packet.flags.ne(SCTP_EVENT.init), () => unusual('sloppy_sctp', packet.flags.ne(SCTP_EVENT.abort))),
  })
  code.guard(service.get(SERVICE.flags).has(SERVICE_FLAG.removed).not(), () => {
    tell(code, 'removed')
    stranger()
  })
  thinOut(code, tables, () => code.exit(hook.drop))

  const template = code.variable(0, 32)
  code.section(chosen => {
    if (shape.persistence) findTemplate(scene, service, template, destination, chosen)
    code.section(scheduled => {
      schedule(code, tables, shape, {
        number: serviceNumber,
        service,
        source: narrowWords(packet.source),
        target: narrowWords(packet.destination),
        sourcePort: packet.ports.and(0xffff),
        now,
        looping,
        destination,
        chosen: scheduled,
      })
      // Nobody is there to take it (ip_vs_leave).
      refuse('unreachable')
    })
    if (shape.persistence) createTemplate(scene, service, template, destination)
  })
  const full = () => {
    tables.count('table-full')
    code.exit(hook.drop)
  }
  const create = (state: number, active: boolean) => {
    const timeout = tables.settings(TIMEOUTS_OFFSET + 4 * state).get([0, 'u32'])
    createConnection(
      code,
      tables,
      key,
      'connection',
      { destination, state, active, timeout, now, template },
      slot,
      full,
    )
  }
  const count = () => {
    const counter = tables.counter(destination)
    counter.set(COUNTER.connections, counter.get(COUNTER.connections).add(1))
  }
  if (alone !== undefined) {
    const isAlone = service.get(SERVICE.flags).has(SERVICE_FLAG.onePacket).and(packet.protocol.eq(PROTOCOL.udp))
    code.when(isAlone, () => {
      // Gone as soon as it was there (ip_vs_conn_put): no child of its template.
      code.when(template.ne(0), () => tables.detail(template.sub32(1)).increase(DETAIL.children, -1))
      passOnePacket(scene, key, slot, destination, alone.way, full)
      count()
      alone.leave()
    })
  }
  perProtocol(code, shape, packet.protocol, {
    tcp: () => create(nextTcpState('inputOnly', 'syn', STATE.NONE), true),
    udp: () => create(STATE.UDP, false),
    sctp: () => create(STATE.SCTP_INIT1, false),
  })
  settleMethod(scene, slot, destination, key, full)
  if (hook.mark !== undefined) tables.detail(slot).set(DETAIL.mark, service.get(SERVICE.mark))
  tell(code, 'created', () => ({ slot }))
  openUnusually(scene, slot, destination)
  if (shape.thresholds) burden(code, tables, destination)
  count()
}

/** A connection that did not begin as usual: in the middle of it, or with secure_tcp. Its first packet decides its state. */
function openUnusually(scene: Scene, slot: Value, destination: Value): void {
  const { code, tables, shape, packet } = scene
  const server = tables.destination(destination)
  const decide = (isUnusual: Condition, none: number, isActive: boolean) =>
    code.rarely(isUnusual, () => {
      tables.connection(slot).set(CONNECTION.state, none)
      if (isActive) {
        server.increase(DESTINATION.active, -1)
        server.increase(DESTINATION.inactive, 1)
      }
      advance(scene, slot, server, 'in')
    })
  perProtocol(code, shape, packet.protocol, {
    tcp: () => {
      const secured = tables.settings().get(SETTINGS.transitions).ne(0)
      decide(packet.flags.has(TCP_FLAG.syn).not().or(secured), STATE.NONE, true)
    },
    udp: () => {},
    sctp: () => decide(packet.flags.ne(SCTP_EVENT.init), STATE.SCTP_NONE, false),
  })
}

/** A client that was here before goes where it went; its template counts one more child. Leaves by `chosen` then. */
function findTemplate(
  scene: Scene,
  service: Pointer,
  template: Variable,
  destination: Variable,
  chosen: () => void,
): void {
  const { code, tables, now } = scene
  code.when(service.get(SERVICE.persistence).ne(0), () => {
    const key = templateKey(scene, service)
    const slot = code.variable(0, 32)
    code.section(absent => {
      code.section(matched => {
        findConnection(code, tables, key, slot, matched)
        absent()
      })
      tell(code, 'template', () => ({ slot }))
      const entry = tables.connection(slot)
      const server = entry.get(CONNECTION.destination)
      const childless = tables.detail(slot).get(DETAIL.children).eq(0)
      const available = tables.destination(server).get(DESTINATION.flags).has(DESTINATION_FLAG.available)
      code.rarely(isOver(entry, now).and(childless), () => {
        tell(code, 'template-over', () => ({ slot }))
        removeConnection(code, tables, slot, key.ports)
        absent()
      })
      const quiesced = tables.destination(server).get(DESTINATION.weight).eq(0)
      code.rarely(available.not().or(quiesced.and(tables.sysctl('expire_quiescent_template').ne(0))), () => {
        tell(code, 'template-over', () => ({ slot }))
        // Nobody finds it any more; it stays for those that belong to it (ip_vs_check_template).
        const hidden = key.ports.shr(32).shl(32).or(HIDDEN_PORTS)
        entry.compareExchange(CONNECTION.key, key.ports, hidden)
        absent()
      })
      // The child is counted first: a template with children is not taken out. If it was just then, look no further.
      const detail = tables.detail(slot)
      detail.increase(DETAIL.children, 1)
      code.rarely(entry.get(CONNECTION.key).ne(key.ports), () => {
        detail.increase(DETAIL.children, -1)
        absent()
      })
      entry.set(CONNECTION.stamp, now)
      entry.set(CONNECTION.timeout, service.get(SERVICE.persistence))
      template.set(slot.add(1).low32())
      destination.set(server)
      chosen()
    })
  })
}

function createTemplate(scene: Scene, service: Pointer, template: Variable, destination: Value): void {
  const { code, tables, hook, now } = scene
  code.when(service.get(SERVICE.persistence).ne(0), () => {
    const key = templateKey(scene, service)
    const slot = code.variable(0, 32)
    const timeout = service.get(SERVICE.persistence)
    createConnection(
      code,
      tables,
      key,
      'template',
      { destination, state: STATE.TEMPLATE, active: false, timeout, now, template: 0 },
      slot,
      () => {
        tables.count('table-full')
        code.exit(hook.drop)
      },
    )
    tell(code, 'template-created', () => ({ slot }))
    tables.detail(slot).increase(DETAIL.children, 1)
    template.set(slot.add(1).low32())
  })
}

/** The client's port 0, the virtual port 65535. */
const HIDDEN_PORTS = 0xffff_0000

/**
 * <protocol, client's network, 0, virtual address, virtual port>; a service of every port has templates of port 0. By mark:
 * <IP, client's network, 0, the mark as an address, 0>, so that all that has it goes to the same server.
 */
function templateKey({ code, tables, hook, packet }: Scene, service: Pointer): ConnectionKey {
  const { family } = packet
  const netmask = readAddress(service, family === 4 ? SERVICE.netmask : SERVICE.netmask6, family)
  const network = packet.source.map((word, i) => word.and(netmask[i]!))
  if (hook.mark !== undefined) {
    const mark = service.get(SERVICE.mark).swap(32)
    const virtual = family === 4 ? [mark] : [mark, code.constant(0)]
    return connectionKey(tables, network, virtual, code.constant(0), 0, 'template')
  }
  const port = service.get(SERVICE.port).shl(16)
  return connectionKey(tables, network, packet.destination, port, packet.protocol, 'template')
}
