// Package privacy decides what may leave the device about itself and its owner.
//
//	collectors, events, logs, traces
//	        │  Batch of Items, each of a declared Field
//	        ▼
//	     Filter ◀── Permit = what the configuration asks ∩ what the owner allows
//	        │  Cleared: cannot be made elsewhere
//	        ▼
//	exporters ──▶ Ledger: what left, by day, receiver and field
//
// A [Field] comes from [Catalogue.Declare] alone, and exporters take [Cleared]
// alone, which comes from [Filter.Clear] alone. So what is not declared has no
// way out, and what is declared leaves only while its level and category are
// permitted. The owner can always allow less than the configuration asks for,
// never more.
package privacy
