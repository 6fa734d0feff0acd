/**
 * Who has purged: nobody, because no route keeps answers; this gateway, which has no Redis; all gateways on its Redis; or
 * this gateway only, because Redis could not be told.
 */
export type PurgeOutcome = 'nothing' | 'here' | 'everywhere' | 'untold';
