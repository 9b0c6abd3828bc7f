import type { Code } from '../../bpf/code.ts'
import type { Value } from '../../bpf/value.ts'
import type { Shape, Transport } from '../shape.ts'
import { PROTOCOL } from './headers.ts'

/** Runs the code of the packet's protocol, which is one of the shape's; that of others is not in the program. */
export function perProtocol(
  code: Code,
  shape: Shape,
  protocol: Value,
  bodies: Readonly<Record<Transport, () => void>>,
): void {
  const choose = ([transport, ...others]: readonly Transport[]): void => {
    if (transport === undefined) return
    if (others.length === 0) bodies[transport]()
    else code.when(protocol.eq(PROTOCOL[transport]), bodies[transport], () => choose(others))
  }
  choose(shape.protocols)
}
