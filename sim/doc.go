// Package sim is a simulated world at the analog level: telephones with their
// users, the wires between them and the ports, what can be wrong with these,
// and the PCM highway that clocks it all. The real line drivers run against
// models of their chips:
//
//	agent ── driver ── SPI ──┐
//	                       chip model ── pair of wires ── Telephone ── user
//	agent ── audio ─── PCM ──┘                                       (actions)
//
// A World turns once per sample of the highway, 125 µs, and only while somebody
// calls Exchange: in real time it is paced by the kernel, in a testing/synctest
// bubble by virtual time, and then an hour passes in seconds. Everything random
// comes from seeds, so a run can be repeated sample by sample.
//
// A Telephone knows what its two wires tell it. It recognises ringing from the
// voltage, tones and keys by Fourier transform and rhythm, and never sees the
// state of the agent.
//
// Levels: 0 dBm0 on the highway is 0 dBm (0.775 V) on a matched pair without
// loop resistance, in both directions.
package sim
