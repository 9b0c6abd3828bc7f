import { CLIENT_ADDRESSES, HOSTS, NETWORK, PREFIX, VIP } from './topology.ts'

/** The cluster, drawn. */
export function picture(): string {
  const [first, last] = [CLIENT_ADDRESSES[0], CLIENT_ADDRESSES.at(-1)!]
  const line = (...cells: readonly string[]) =>
    cells
      .map(cell => cell.padEnd(19))
      .join('')
      .trimEnd()
  const at = (name: keyof typeof HOSTS) => HOSTS[name].addresses[0]
  return [
    `   client  ${first} to .${last.split('.')[3]}`,
    '     │',
    `  ═══╧═╤══════════════════╤══════════════════╤══════════════════╤═══  ${NETWORK}/${PREFIX}`,
    '       │                  │                  │                  │',
    `   ${line('lvs-master', 'lvs-backup', 'rs1', 'rs2')}`,
    `   ${line(at('lvs-master'), at('lvs-backup'), at('rs1'), at('rs2'))}`,
    `   ${line('priority 100', 'priority 50', 'HTTP', 'HTTP')}`,
    `   ${line(`VIP ${VIP}`, '(takes it over)', 'VIP on lo', 'VIP on lo')}`,
  ].join('\n')
}
