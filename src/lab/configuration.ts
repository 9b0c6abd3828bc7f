/**
 * The directors' keepalived.conf: the article's facts (its addresses, VRRP version 2 with a password, DR, rr, persistence
 * of 50 s, TCP_CHECK every 6 s with three retries 3 s apart), mended; and with the article's fault. Mended is also the
 * checks' connect_timeout: 10 s would outlast the 6 s between two of them.
 */
import { type Director, HOSTS, PORT, type RealServer, VIP } from './topology.ts'

export const ADVERT_INTERVAL_MS = 1000
export const PRIORITIES: Readonly<Record<Director, number>> = { 'lvs-master': 100, 'lvs-backup': 50 }
export const PERSISTENCE_S = 50
export const CHECK = { delayLoopMs: 6000, retries: 3, retryDelayMs: 3000, connectTimeoutMs: 3000 } as const

export function directorConfiguration(director: Director): string {
  return `! ${director}, one of a pair of directors

global_defs {
  notification_email {
    ops@example.com
  }
  notification_email_from keepalived@localhost
  smtp_server 127.0.0.1
  smtp_connect_timeout 30
  router_id ${director}
}

vrrp_instance VI_1 {
  state ${director === 'lvs-master' ? 'MASTER' : 'BACKUP'}
  interface eth0
  virtual_router_id 51
  priority ${PRIORITIES[director]}
  advert_int ${ADVERT_INTERVAL_MS / 1000}
  authentication {
    auth_type PASS
    auth_pass 1111
  }
  virtual_ipaddress {
    ${VIP}
  }
}

virtual_server ${VIP} ${PORT} {
  delay_loop ${CHECK.delayLoopMs / 1000}
  lb_algo rr
  lb_kind DR
  persistence_timeout ${PERSISTENCE_S}
  protocol TCP

${realServer('rs1')}

${realServer('rs2')}
}
`
}

function realServer(name: RealServer): string {
  return `  real_server ${HOSTS[name].addresses[0]} ${PORT} {
    weight 1
    TCP_CHECK {
      connect_timeout ${CHECK.connectTimeoutMs / 1000}
      retry ${CHECK.retries}
      delay_before_retry ${CHECK.retryDelayMs / 1000}
      connect_port ${PORT}
    }
  }`
}

/** As the article prints it: nobody closes the real servers. */
export function faultyConfiguration(director: Director): string {
  return directorConfiguration(director).replaceAll(/^ {4}}\n {2}}$/gm, '    }')
}

/** A backup takes over this long after the last advertisement it heard (RFC 3768 section 6.1: three intervals and a skew). */
export function activeDownMs(director: Director): number {
  return 3 * ADVERT_INTERVAL_MS + skewMs(director)
}

/** What a backup waits after an active router says farewell with priority 0. */
export function skewMs(director: Director): number {
  return ((256 - PRIORITIES[director]) / 256) * ADVERT_INTERVAL_MS
}

/** At most so long after a server dies its last chance is gone: one loop until the first failing probe, then the retries. */
export const DEATH_NOTICED_MS: number = CHECK.delayLoopMs + CHECK.retries * CHECK.retryDelayMs
/** And so long until a reborn one is noticed. */
export const REBIRTH_NOTICED_MS: number = CHECK.delayLoopMs
