/**
 * Shapes of tables such that every two of their properties meet in at least one of them: each scheduler with each way of
 * forwarding, each of these with persistence and without, and so on. What goes wrong in a program nearly always takes two.
 */
import { EMPTY_SHAPE, type Shape } from '../../src/balancer/shape.ts'
import { SCHEDULERS } from '../../src/model/service.ts'

/** Each property with what it may be. */
const PROPERTIES: Readonly<Record<string, readonly Partial<Shape>[]>> = {
  families: [{ families: [4] }, { families: [6] }, { families: [4, 6] }],
  protocols: [
    { protocols: ['tcp'] },
    { protocols: ['udp'] },
    { protocols: ['sctp'] },
    { protocols: ['tcp', 'udp'] },
    { protocols: ['tcp', 'udp', 'sctp'] },
  ],
  schedulers: [...SCHEDULERS.map(scheduler => ({ schedulers: [scheduler] })), { schedulers: SCHEDULERS }],
  methods: [
    { methods: ['route'] },
    { methods: ['masquerade'] },
    { methods: ['tunnel'], tunnels: ['ipip'], tunnelFamilies: [4] },
    { methods: ['tunnel'], tunnels: ['gue'], tunnelFamilies: [6] },
    { methods: ['tunnel'], tunnels: ['gre'], tunnelFamilies: [4, 6] },
    { methods: ['route', 'masquerade'] },
    {
      methods: ['route', 'masquerade', 'tunnel'],
      tunnels: ['ipip', 'gue', 'gre'],
      tunnelFamilies: [4, 6],
    },
  ],
  persistence: [{ persistence: false }, { persistence: true }],
  onePacket: [{ onePacket: false }, { onePacket: true }],
  thresholds: [{ thresholds: false }, { thresholds: true }],
  anyPort: [{ anyPort: false }, { anyPort: true }],
  hashes: [{}, { hashPort: true }, { hashFallback: true }, { hashPort: true, hashFallback: true }],
  walkMax: [{ walkMax: 16 }, { walkMax: 512 }],
}

/** By greed: as long as two values have not met, the shape that lets most of them meet. Always the same shapes. */
export function pairwiseShapes(): readonly Shape[] {
  const properties = Object.values(PROPERTIES)
  const unmet = new Set(
    properties.flatMap((values, p) =>
      properties
        .slice(p + 1)
        .flatMap((others, o) => values.flatMap((_, i) => others.map((_, j) => pair(p, i, p + 1 + o, j)))),
    ),
  )
  const shapes: Shape[] = []
  while (unmet.size > 0) {
    // Two values that have not met yet, and to them of each other property the value that meets most.
    const [p, i, q, j] = [...unmet][0]!.split(' ').map(Number) as [number, number, number, number]
    const chosen = new Map([
      [p, i],
      [q, j],
    ])
    const meets = (property: number, value: number) =>
      [...chosen].filter(([other, index]) => unmet.has(pair(...order(property, value, other, index)))).length
    for (const [property, values] of properties.entries()) {
      if (chosen.has(property)) continue
      const best = values.map((_, value) => meets(property, value))
      chosen.set(property, best.indexOf(Math.max(...best)))
    }
    const picks = [...chosen].sort(([a], [b]) => a - b)
    for (const [a, x] of picks) for (const [b, y] of picks) if (a < b) unmet.delete(pair(a, x, b, y))
    shapes.push(Object.assign({}, EMPTY_SHAPE, ...picks.map(([property, value]) => properties[property]![value])))
  }
  return shapes
}

function order(p: number, i: number, q: number, j: number): [number, number, number, number] {
  return p < q ? [p, i, q, j] : [q, j, p, i]
}

function pair(p: number, i: number, q: number, j: number): string {
  return `${p} ${i} ${q} ${j}`
}
