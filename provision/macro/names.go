package macro

import (
	"encoding/hex"
	"maps"
	"net"
	"strings"
)

// Device is what macros tell about the device itself.
type Device struct {
	MAC      net.HardwareAddr
	Product  string // product name
	Series   string // digits of the product name
	Serial   string
	Software string // version of the program
	Hardware string // revision of the board
	Address  string // IP address towards the server
	External string // IP address as seen outside, empty while not known
	// Certificate says that the device has a certificate of its own to show.
	Certificate bool
}

// Cisco returns the names of Sipura and Cisco that tell about the device. The
// caller adds those of the moment, such as PRVST, and of the profile, A to P.
func (d *Device) Cisco() Names {
	plain := hex.EncodeToString(d.MAC)
	return Names{
		"MA": plain, "MAU": strings.ToUpper(plain), "MAC": d.MAC.String(),
		"PN": d.Product, "PSN": d.Series, "SN": d.Serial,
		"SWVER": d.Software, "HWVER": d.Hardware,
		"IP": d.Address, "EXTIP": d.External, "CCERT": installed(d.Certificate),
		// Planet and others write it in small letters.
		"mac": plain,
	}
}

func installed(yes bool) string {
	if yes {
		return "Installed"
	}
	return "Not Installed"
}

// OBi returns the names as OBi has them: MAC without separators.
func (d *Device) OBi() Names {
	return Names{"MAC": strings.ToUpper(hex.EncodeToString(d.MAC)), "DM": d.Product, "DSN": d.Serial}
}

// Braces returns the names for [Names.ExpandBraces], each in small letters, and
// mac also in capitals, which gives the address in capitals.
func (d *Device) Braces() Names {
	plain := hex.EncodeToString(d.MAC)
	return Names{
		"mac": plain, "MAC": strings.ToUpper(plain), "model": d.Product, "MODEL": d.Product,
		"serial": d.Serial, "version": d.Software,
	}
}

// With returns the names of both; more has the last word.
func (n Names) With(more Names) Names {
	all := maps.Clone(n)
	maps.Copy(all, more)
	return all
}
