package si321x

import "github.com/ata-agent/ata-agent/slic"

// network is a two-wire impedance that the chip has a code for.
type network struct {
	name slic.Impedance
	code byte
}

// impedanceEnable is TISE of DR10.
const impedanceEnable = 0x08

// Codes of DR10. 2 and 7 differ. Si3215 and Si3230 data sheets, DR10.
var (
	commonNetworks = []network{
		{slic.Z600, 0},
		{slic.Z900, 1},
		{slic.Z900C2u16, 3},
		{slic.Z270_750, 4},
		{slic.Z220_820a, 5},
		{slic.Z220_820g, 6},
	}
	oldNetworks = append([]network{{slic.Z600C2u16, 2}, {slic.Z370_620, 7}}, commonNetworks...)
	newNetworks = append([]network{{slic.Z600C1u, 2}, {slic.Z200_680, 7}}, commonNetworks...)
)

// networksOf lists what a chip on a board can do. A series capacitor needs
// parts on the board.
func networksOf(f family, o Opts) []network {
	all := newNetworks
	if f == oldFamily {
		all = oldNetworks
	}
	var can []network
	for _, n := range all {
		if z, err := n.name.Network(); err == nil && (z.Cs == 0 || o.SeriesCapacitor) {
			can = append(can, n)
		}
	}
	return can
}

// impedance sets the code of z or of what is nearest to it.
func (p *plan) impedance(z slic.Impedance, o Opts, f family) error {
	can := networksOf(f, o)
	names := make([]slic.Impedance, len(can))
	for i, n := range can {
		names[i] = n.name
	}
	best, err := slic.NearestImpedance(z, names)
	if err != nil {
		return err
	}
	if best != z {
		p.note("impedance %s is not available, using %s", z, best)
	}
	for _, n := range can {
		if n.name == best {
			p.set(drImpedance, impedanceEnable|n.code)
		}
	}
	return nil
}
