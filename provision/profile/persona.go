package profile

import (
	"slices"
	"strings"

	"github.com/ata-agent/ata-agent/provision/macro"
)

// Persona is an adapter of another maker in whose way the agent asks a server.
// The zero value is the agent itself.
type Persona struct {
	Name    string // as provision.persona has it
	Product string // $PN
	Series  string // $PSN, its digits
	// Class is what the adapter calls itself to a DHCP server (option 60).
	Class string

	maker    maker
	software string // version whose files the importers know
}

// maker is what adapters of one make have in common.
type maker struct {
	files func(p *Persona, mac string) []string
	agent func(p *Persona, ours, mac, serial string) string
}

var (
	ht  = maker{files: htFiles, agent: htAgent}
	spa = maker{files: spaFiles, agent: ciscoAgent}
	old = maker{files: spaFiles, agent: linksysAgent} // made by Linksys
	ata = maker{files: ataFiles, agent: ciscoAgent}   // Cisco's multiplatform firmware
)

// Personas are those that there are. The versions are those of the firmware whose
// parameters the importers were made by.
var Personas = []Persona{
	{"ht801", "HT801", "801", "HT801", ht, "1.0.17.5"},
	{"ht802", "HT802", "802", "HT802", ht, "1.0.17.5"},
	{"ht812", "HT812", "812", "HT812", ht, "1.0.17.5"},
	{"ht814", "HT814", "814", "HT814", ht, "1.0.17.5"},
	{"ht818", "HT818", "818", "HT818", ht, "1.0.17.5"},
	{"spa112", "SPA112", "112", "CISCO SPA112", spa, "1.4.1"},
	{"spa122", "SPA122", "122", "CISCO SPA122", spa, "1.4.1"},
	{"spa2102", "SPA2102", "2102", "LINKSYS SPA-2102", old, "5.2.12"},
	{"spa3102", "SPA3102", "3102", "LINKSYS SPA-3102", old, "5.1.10"},
	{"ata191", "ATA191", "191", "CISCO ATA191-MPP", ata, "11.2.4"},
	{"ata192", "ATA192", "192", "CISCO ATA192-MPP", ata, "11.2.4"},
}

// Lookup finds a persona by its name; the zero value for any other.
func Lookup(name string) *Persona {
	i := slices.IndexFunc(Personas, func(p Persona) bool { return p.Name == name })
	if i < 0 {
		return &Persona{}
	}
	return &Personas[i]
}

// Is reports whether the agent asks as another.
func (p *Persona) Is() bool { return p.Name != "" }

// Files are the names of files in the order in which the adapter asks for them:
// the first that is there is its own.
func (p *Persona) Files(mac string) []string {
	if !p.Is() {
		return nil
	}
	return p.maker.files(p, mac)
}

// htFiles has what the maker's own tool encodes last: it is text where a
// server writes it itself.
func htFiles(p *Persona, mac string) []string {
	return []string{"cfg" + mac + ".xml", "cfg" + strings.ToLower(p.Product) + ".xml", "cfg.xml", "cfg" + mac}
}

func spaFiles(p *Persona, mac string) []string {
	return []string{"spa" + p.Series + ".cfg", mac + ".xml", "spa" + mac + ".xml"}
}

func ataFiles(p *Persona, mac string) []string {
	return []string{p.Series + ".xml", mac + ".xml", p.Product + ".cfg"}
}

// UserAgent is the header of requests. Servers know an adapter by it, and some
// match it to the end, so our own name stands beside the version of the board or
// of the program, where each maker writes what it likes.
func (p *Persona) UserAgent(version, mac, serial string) string {
	ours := "ata-agent/" + version
	if !p.Is() {
		return ours
	}
	return p.maker.agent(p, ours, mac, word(serial, mac))
}

func htAgent(p *Persona, ours, mac, _ string) string {
	return "Grandstream Model HW " + p.Product + " V1.0," + ours + " SW " + p.software + " DevId " + mac
}

func ciscoAgent(p *Persona, ours, mac, serial string) string {
	return "Cisco/" + p.Product + "-" + p.software + "," + ours + " (" + strings.ToUpper(mac) + ")(" + serial + ")"
}

func linksysAgent(p *Persona, ours, _, serial string) string {
	return "Linksys/" + p.Product + "-" + p.software + "," + strings.ReplaceAll(ours, "-", "_") + " (" + serial + ")"
}

// word leaves letters and digits of a serial number; without any the MAC address
// stands for it.
func word(serial, mac string) string {
	serial = strings.Map(func(r rune) rune {
		if r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, serial)
	if serial == "" {
		return strings.ToUpper(mac)
	}
	return serial
}

// names are what macros stand for.
func (p *Persona) names(d macro.Device) macro.Names { return p.as(d).Cisco() }

// as is the device as its macros tell it.
func (p *Persona) as(d macro.Device) *macro.Device {
	if p.Is() {
		d.Product, d.Series, d.Software = p.Product, p.Series, p.software
	}
	return &d
}

// Expand fills in the macros of a URL: those of Cisco, and names in braces.
func (p *Persona) Expand(d macro.Device, url string) string {
	as := p.as(d)
	return as.Braces().ExpandBraces(as.Cisco().Expand(url))
}
