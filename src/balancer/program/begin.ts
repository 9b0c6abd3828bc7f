/** The first packet of a connection: who takes it, by persistence or by the scheduler, and the entry that remembers. */
import type { Pointer, Value, Variable } from '../../bpf/value.ts'
import {
  CONNECTION,
  CONNECTION_FLAG,
  COUNTER,
  DESTINATION,
  DESTINATION_FLAG,
  DETAIL,
  FORWARD,
  SERVICE,
  SERVICE_FLAG,
  SETTINGS,
  STATE,
  TIMEOUTS_OFFSET,
} from '../layout.ts'
import { schedule } from '../schedulers/schedule.ts'
import { nextTcpState } from '../tcp-state.ts'
import { narrowWords, readAddress } from './address.ts'
import {
  addReplyEntry,
  burden,
  type ConnectionKey,
  connectionKey,
  createConnection,
  findConnection,
  removeConnection,
} from './connection.ts'
import { thinOut } from './defence.ts'
import { advance, isOver } from './follow.ts'
import { PROTOCOL, TCP_FLAG } from './headers.ts'
import type { Packet } from './parse.ts'
import type { Scene } from './scene.ts'
import type { Looping } from './sweep.ts'
import type { Tables } from './tables.ts'
import { tell } from './tell.ts'

/** Finds a server for a connection that begins with this packet, and enters it; or ends with a verdict. */
export function beginConnection(
  scene: Scene,
  looping: Looping,
  key: ConnectionKey,
  serviceNumber: Value,
  slot: Variable,
  destination: Variable,
): void {
  const { code, tables, hook, shape, packet, now, refuse } = scene
  const service = tables.service(serviceNumber)
  const stranger = () => {
    tables.count('not-scheduled')
    code.exit(hook.pass)
  }
  if (shape.protocols.includes('tcp')) {
    // Only a SYN begins a connection: what else comes without one gets the stack's RST. Unless sloppy_tcp is set.
    const begins = packet.flags.and(TCP_FLAG.syn | TCP_FLAG.rst).eq(TCP_FLAG.syn)
    const usual = shape.protocols.includes('udp') ? begins.or(packet.protocol.eq(PROTOCOL.udp)) : begins
    code.rarely(usual.not(), () => {
      code.guard(packet.flags.has(TCP_FLAG.rst).not().and(tables.sysctl('sloppy_tcp').ne(0)), () => {
        tell(code, 'not-opening')
        stranger()
      })
    })
  }
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
  const opened = nextTcpState('inputOnly', 'syn', STATE.NONE)
  if (!shape.protocols.includes('udp')) create(opened, true)
  else if (!shape.protocols.includes('tcp')) create(STATE.UDP, false)
  else
    code.when(
      packet.protocol.eq(PROTOCOL.tcp),
      () => create(opened, true),
      () => create(STATE.UDP, false),
    )
  if (shape.methods.includes('masquerade')) {
    const server = tables.destination(destination)
    code.when(server.get(DESTINATION.forward).eq(FORWARD.masquerade), () => {
      addReplyEntry(code, tables, packet, slot, server, () => {
        removeConnection(code, tables, slot, key.ports)
        full()
      })
    })
  }
  if (shape.methods.includes('tunnel')) {
    const method = tables.destination(destination).get(DESTINATION.forward)
    code.when(method.eq(FORWARD.tunnel), () => tables.connection(slot).set(CONNECTION.flags, CONNECTION_FLAG.tunnelled))
  }
  tell(code, 'created', () => ({ slot }))
  if (shape.protocols.includes('tcp')) openUnusually(scene, slot, destination)
  if (shape.thresholds) burden(code, tables, destination)
  const counter = tables.counter(destination)
  counter.set(COUNTER.connections, counter.get(COUNTER.connections).add(1))
}

/** A connection that did not begin as usual: in the middle of it, or with secure_tcp. Its first packet decides its state. */
function openUnusually(scene: Scene, slot: Value, destination: Value): void {
  const { code, tables, packet } = scene
  const unusual = packet.flags.has(TCP_FLAG.syn).not().or(tables.settings().get(SETTINGS.transitions).ne(0))
  code.rarely(packet.protocol.eq(PROTOCOL.tcp).and(unusual), () => {
    const server = tables.destination(destination)
    tables.connection(slot).set(CONNECTION.state, STATE.NONE)
    server.increase(DESTINATION.active, -1)
    server.increase(DESTINATION.inactive, 1)
    advance(scene, slot, server, 'in')
  })
}

/** A client that was here before goes where it went; its template counts one more child. Leaves by `chosen` then. */
function findTemplate(
  { code, tables, packet, now }: Scene,
  service: Pointer,
  template: Variable,
  destination: Variable,
  chosen: () => void,
): void {
  code.when(service.get(SERVICE.persistence).ne(0), () => {
    const key = templateKey(tables, packet, service)
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
  const { code, tables, hook, packet, now } = scene
  code.when(service.get(SERVICE.persistence).ne(0), () => {
    const key = templateKey(tables, packet, service)
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

/** <protocol, client's network, 0, virtual address, virtual port>; a service of every port has templates of port 0. */
function templateKey(tables: Tables, packet: Packet, service: Pointer): ConnectionKey {
  const { family } = packet
  const netmask = readAddress(service, family === 4 ? SERVICE.netmask : SERVICE.netmask6, family)
  const network = packet.source.map((word, i) => word.and(netmask[i]!))
  const port = service.get(SERVICE.port).shl(16)
  return connectionKey(tables, network, packet.destination, port, packet.protocol, 'template')
}
