// Package quality is the arithmetic of voice quality: interarrival jitter
// (RFC 3550), bursts and gaps of loss (RFC 3611), the E-model (ITU-T G.107) and
// the opinion of a listener that follows from them.
//
//	packets ─▶ Stream ─▶ Bursts ─▶ Counts ─┐
//	                                       ├─▶ Report: R, MOS-LQ, MOS-CQ, …
//	delay, jitter, level, codec ───────────┘
//
// Nothing here reads a clock, allocates or logs. What arrives is told packet by
// packet; what it means is worked out when somebody asks.
package quality
