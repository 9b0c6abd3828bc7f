/** Judgements of `bfd_instance`. */
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts'
import type { BfdInstance } from '../../model/bfd-instance.ts'
import { type Judged, type Rule, valuePlace } from './judgement.ts'

export const BFD_RULES: readonly Rule[] = [neighbours]

/** Packets of a neighbour that does not know the session yet are told apart by addresses alone. */
function* neighbours(judged: Judged): Iterable<Diagnostic> {
  const seen: BfdInstance[] = []
  for (const instance of judged.configuration.bfdInstances) {
    const first = seen.find(other => sameEnds(instance, other))
    seen.push(instance)
    if (first === undefined) continue
    const notes = [{ span: valuePlace(judged, first, 'neighbor_ip'), text: `first named by ${first.name}` }]
    yield diagnostic(
      'duplicate-session',
      valuePlace(judged, instance, 'neighbor_ip'),
      { name: instance.name, neighbour: instance.neighbour },
      { label: 'again here', notes, help: 'one session is enough: it can be tracked by any number of others' },
    )
  }
}

function sameEnds(one: BfdInstance, other: BfdInstance): boolean {
  return (
    one.neighbour === other.neighbour &&
    one.multihop === other.multihop &&
    (one.source === other.source || one.source === undefined || other.source === undefined)
  )
}
