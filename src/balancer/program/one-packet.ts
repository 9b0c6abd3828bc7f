/**
 * One-packet scheduling (ipvsadm -o): every packet of UDP is a connection of its own, which is over once it is sent.
 *
 * ip_vs keeps nothing of it, so that a translated server's reply goes out from the server's own address, and nobody knows
 * it. Here a translated packet leaves an entry by which its reply is translated back, and so does a first fragment,
 * for those behind it. It counts as no connection, and is gone 30 s after the last packet. Its key has the
 * destination's number in it: the client's next packet makes another one, or refreshes the one it made before.
 */
import type { Value, Variable } from '../../bpf/value.ts'
import { CONNECTION, CONNECTION_FLAG, DESTINATION, FORWARD, KIND, STATE, TIMEOUTS_OFFSET } from '../layout.ts'
import { type ConnectionKey, createConnection, findConnection, removeConnection, settleMethod } from './connection.ts'
import { isFragment } from './parse.ts'
import type { Scene } from './scene.ts'
import type { Way } from './way.ts'

/** A way that is not read from the table. */
export interface VariableWay extends Way {
  readonly flags: Variable
  readonly serverPort: Variable
}

/** Puts the packet's way to its destination into `way`; `slot` is that of its entry, if it leaves one. */
export function passOnePacket(
  scene: Scene,
  key: ConnectionKey,
  slot: Variable,
  destination: Value,
  way: VariableWay,
  full: () => void,
): void {
  const { code, tables, shape, packet } = scene
  const server = tables.destination(destination)
  const method = server.get(DESTINATION.forward)
  const port = server.get(DESTINATION.port)
  // Without a branch: what the verifier cannot tell apart it follows once.
  way.flags.set(code.constant(FLAGS_BY_METHOD).shr(method.and(7).shl(2)).and(3))
  way.serverPort.set(port)
  code.when(port.eq(0), () => way.serverPort.set(packet.ports.shr(16)))
  slot.set(destination)
  const translated = method.eq(FORWARD.masquerade)
  const isKept = shape.methods.includes('masquerade') ? translated.or(isFragment(packet)) : isFragment(packet)
  code.when(isKept, () => keepOnePacket(scene, key, slot, destination, full))
}

const FLAGS_BY_METHOD =
  (CONNECTION_FLAG.translated << (4 * FORWARD.masquerade)) | (CONNECTION_FLAG.tunnelled << (4 * FORWARD.tunnel))

function keepOnePacket(
  scene: Scene,
  connection: ConnectionKey,
  slot: Variable,
  destination: Value,
  full: () => void,
): void {
  const { code, tables, now } = scene
  const kind = BigInt(KIND.connection ^ KIND.onePacket) << 40n
  const key = { ...connection, ports: connection.ports.xor(kind).or(destination.shl(48)) }
  const timeout = tables.settings(TIMEOUTS_OFFSET + 4 * STATE.ONE_PACKET).get([0, 'u32'])
  code.section(kept => {
    code.section(absent => {
      code.section(matched => {
        findConnection(code, tables, key, slot, matched)
        absent()
      })
      const entry = tables.connection(slot)
      // A large table has destinations whose numbers are alike in the key.
      code.rarely(entry.get(CONNECTION.destination).ne(destination), () => {
        removeConnection(code, tables, slot, key.ports)
        absent()
      })
      entry.set(CONNECTION.stamp, now)
      kept()
    })
    const entry = { destination, state: STATE.ONE_PACKET, active: false, timeout, now, template: 0 }
    createConnection(code, tables, key, 'onePacket', entry, slot, full)
    settleMethod(scene, slot, destination, key, full)
  })
}
