/**
 * What the real ip_vs was asked. `scenarios.ts` prints it for the recorder, a line for each scenario; `scenarios.ts FILE`
 * puts the answers beside it. Ports tell scenarios apart, so that nothing is left of one when the next begins.
 */
import { readFileSync } from 'node:fs'
import type { Scenario } from './scenario.ts'

type Story = readonly [name: string, address: Scenario['address'], ...steps: string[]]

/** Servers 11:1 12:2 13:3, and so on: each weight's place is its server. */
const servers = (...weights: number[]): string[] => weights.map((weight, i) => `add ${11 + i} ${weight}`)

const EDITS = [
  'open 7',
  'edit 12 0',
  'open 6',
  'edit 12 5',
  'open 6',
  'remove 13',
  'open 6',
  'add 14 2',
  'open 8',
  'add 13 3',
  'open 8',
]
const THRESHOLDS = [
  'edit 13 3 2 0',
  'open 9',
  'edit 12 2 4 2',
  'open 9',
  'close 8',
  'open 6',
  'edit 13 3 6 0',
  'open 6',
  'edit 12 2 0 0',
  'open 6',
]
const COMING_AND_GOING = ['open 9', 'idle 4', 'open 5', 'close 3', 'open 5', 'idle 6', 'open 6']

const WALKERS = ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'lblc', 'lblcr'] as const
const HASHES = [
  'dh',
  'sh',
  'sh sh-port',
  'sh sh-fallback',
  'sh sh-port,sh-fallback',
  'mh',
  'mh mh-port',
  'mh mh-fallback',
  'mh mh-port,mh-fallback',
] as const

const STORIES: readonly Story[] = [
  ...WALKERS.flatMap((scheduler): Story[] => [
    [`${scheduler}: weights 1 2 3`, 100, `scheduler ${scheduler}`, ...servers(1, 2, 3), 'open 20'],
    [`${scheduler}: weights 4 3 2, edits`, 100, `scheduler ${scheduler}`, ...servers(4, 3, 2), ...EDITS],
    [`${scheduler}: thresholds`, 100, `scheduler ${scheduler}`, ...servers(2, 2, 3), ...THRESHOLDS],
    [`${scheduler}: coming and going`, 100, `scheduler ${scheduler}`, ...servers(5, 1, 3, 3), ...COMING_AND_GOING],
    [
      `${scheduler}: all of weight 0`,
      100,
      `scheduler ${scheduler}`,
      ...servers(1, 1),
      'open 3',
      'edit 11 0',
      'edit 12 0',
      'open 3',
      'edit 11 2',
      'open 3',
    ],
    [
      `${scheduler}: one server`,
      100,
      `scheduler ${scheduler}`,
      'open 2',
      'add 11 3',
      'open 6',
      'remove 11',
      'open 2',
      'add 11 1',
      'open 3',
    ],
  ]),
  ...HASHES.flatMap((scheduler): Story[] => [
    [`${scheduler}: weights 1 2 3`, 100, `scheduler ${scheduler}`, ...servers(1, 2, 3), 'open 40', 'same 20'],
    [
      `${scheduler}: edits`,
      100,
      `scheduler ${scheduler}`,
      ...servers(4, 3, 2),
      ...EDITS.map(step => step.replace(/open .*/, 'open 20')),
    ],
    [`${scheduler}: thresholds`, 100, `scheduler ${scheduler}`, ...servers(2, 2, 3), ...THRESHOLDS],
    [
      `${scheduler}: drained one by one`,
      100,
      `scheduler ${scheduler}`,
      ...servers(3, 1, 200),
      'open 10',
      'edit 13 0',
      'open 20',
      'edit 11 0',
      'open 20',
      'edit 12 0',
      'open 3',
      'edit 13 7',
      'open 20',
    ],
  ]),
  // One virtual address has one server with dh: several tell more.
  ...[101, 102, 103, 104, 105, 106, 107].map(
    (address): Story => [
      `dh: at 10.1.0.${address}`,
      address,
      'scheduler dh',
      ...servers(1, 2, 3),
      'open 2',
      'edit 12 7',
      'open 2',
      'add 14 1',
      'open 2',
      'remove 12',
      'open 2',
    ],
  ),
  ...(['dh', 'lblc', 'lblcr'] as const).map(
    (scheduler): Story => [
      `${scheduler}: many addresses`,
      'marked',
      `scheduler ${scheduler}`,
      ...servers(2, 2, 3),
      'open 20',
      'edit 12 0',
      'open 10',
      'remove 13',
      'open 10',
      'add 13 3',
      'open 10',
      'close 20',
      'open 20',
      'edit 12 4',
      'open 20',
    ],
  ),
  ['wrr: weights 5 1 1', 100, 'scheduler wrr', ...servers(5, 1, 1), 'open 16'],
  [
    'wrr: weights in steps of 4',
    100,
    'scheduler wrr',
    ...servers(8, 4, 12),
    'open 13',
    'edit 11 6',
    'open 13',
    'edit 11 9',
    'open 13',
  ],
  [
    'wrr: the heaviest is overloaded',
    100,
    'scheduler wrr',
    'add 11 60 2 0',
    'add 12 1',
    'add 13 2',
    'open 12',
    'close 5',
    'open 8',
  ],
  [
    'wrr: everyone is overloaded',
    100,
    'scheduler wrr',
    'add 11 3 2 0',
    'add 12 2 2 0',
    'open 7',
    'close 2',
    'open 3',
    'close 4',
    'open 5',
  ],
  ['wlc: large weights', 100, 'scheduler wlc', ...servers(1000, 2000, 65535), 'open 30', 'idle 20', 'open 10'],
  ['ovf: filled, then refused', 100, 'scheduler ovf', ...servers(2, 3, 1), 'open 12', 'close 4', 'open 5'],
  ['lblcr: the set grows', 100, 'scheduler lblcr', ...servers(1, 1, 1, 1), 'open 16', 'close 6', 'open 10'],
  [
    'mh: weights 1 2 3, one drained and back',
    100,
    'scheduler mh',
    ...servers(1, 2, 3),
    'open 60',
    'edit 13 0',
    'open 60',
    'edit 13 3',
    'open 60',
  ],
  ['mh: a server of weight 0 from the start', 100, 'scheduler mh', ...servers(0, 2), 'open 10', 'edit 11 4', 'open 20'],
  [
    'the scheduler changes',
    100,
    'scheduler rr',
    ...servers(4, 3, 2),
    'open 5',
    'scheduler wrr',
    'open 9',
    'scheduler sh',
    'open 9',
    'scheduler lblc',
    'open 5',
    'scheduler mh',
    'open 9',
    'scheduler wrr',
    'open 9',
    'scheduler dh',
    'open 3',
    'scheduler rr',
    'open 5',
  ],
  [
    'flags change and the table stays',
    100,
    'scheduler sh',
    ...servers(1, 1, 1),
    'same 9',
    'scheduler sh sh-port',
    'same 9',
    'edit 12 0',
    'same 9',
    'scheduler sh sh-port,sh-fallback',
    'same 9',
    'scheduler sh',
    'same 3',
  ],
]

export const SCENARIOS: readonly Scenario[] = STORIES.map(([name, address, ...steps], i) => ({
  name,
  address,
  port: 1000 + i,
  steps,
}))

if (process.argv[1] === import.meta.filename) {
  const file = process.argv[2]
  const lines = SCENARIOS.map(({ address, port, steps }) => [address, port, ...steps].join('\t'))
  const answers = file === undefined ? [] : readFileSync(file, 'utf8').split('\n')
  const told = SCENARIOS.map((scenario, i) => JSON.stringify({ ...scenario, answers: answers[i]?.split('\t') }))
  console.log(file === undefined ? lines.join('\n') : `[\n${told.join(',\n')}\n]`)
}
