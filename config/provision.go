package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Provision says where the configuration comes from and when to look again.
type Provision struct {
	URL        string          `json:"url" range:"0..1024" owner:"true" doc:"Where the server keeps this device's configuration; macros such as {mac} are filled in. Empty: none, or what discovery finds."`
	Persona    string          `json:"persona" default:"none" enum:"none,ht801,ht802,ht812,ht814,ht818,spa112,spa122,spa2102,spa3102,ata191,ata192" doc:"Another maker's adapter to ask in the way of, for servers that know those alone: the names of files, their order, the User-Agent and the macros are its own. Where the url ends in / the files are looked for there."`
	Fallback   []string        `json:"fallback" range:"0..4" each:"1..1024" doc:"Servers to ask, in this order, when the first does not answer."`
	Schemes    []string        `json:"schemes" default:"https" enum:"https,http,tftp" range:"1..3" doc:"Ways of fetching that are allowed. What comes over another than https is not protected on its way."`
	Auth       ProvisionAuth   `json:"auth" doc:"Who the device is to the server."`
	ProfileKey Secret          `json:"profile_key" range:"0..256" doc:"Key of encrypted vendor profiles."`
	Resync     Resync          `json:"resync" doc:"When to look for a change."`
	Notify     ProvisionNotify `json:"notify" doc:"Whether the SIP server may ask for a look (NOTIFY)."`
	DHCP       ProvisionDHCP   `json:"dhcp" doc:"Whether the local network may name a server. It never decides whom to trust."`
	PnP        bool            `json:"pnp" default:"false" doc:"Whether to ask the local network by SIP multicast for a server."`
	Push       ProvisionPush   `json:"push" doc:"Where to hear that there is a change."`
	Report     string          `json:"report" range:"0..1024" doc:"Where to tell (POST) what became of a configuration: taken, refused or rolled back, and why. Macros are filled in. Empty: nowhere."`
	Confirm    Seconds         `json:"confirm_s" default:"180" range:"30..3600" doc:"How long a new configuration has to prove itself before the last good one returns."`
	Trust      ProvisionTrust  `json:"trust" doc:"Whom to believe."`
}

// ProvisionAuth is who the device is to the server. These credentials are for
// the provisioning server alone, never those of a SIP account.
type ProvisionAuth struct {
	Mode        string `json:"mode" default:"none" enum:"none,basic,digest,mtls" doc:"How the device proves who it is."`
	User        string `json:"user" range:"0..128" owner:"true" doc:"User name."`
	Password    Secret `json:"password" range:"0..256" owner:"true" doc:"Password."`
	Certificate string `json:"certificate" range:"0..255" doc:"File with the device's certificate (PEM) for mtls. Empty: the factory's."`
	Key         string `json:"key" range:"0..255" doc:"File with the certificate's key (PEM). Empty: the factory's."`
}

// Resync says when to look for a change.
type Resync struct {
	OnBoot   bool      `json:"on_boot" default:"true" doc:"Whether to look at every start."`
	Period   Seconds   `json:"period_s" default:"3600" range:"60..604800" doc:"Time between two looks."`
	Jitter   Seconds   `json:"jitter_s" default:"600" range:"0..86400" doc:"A look comes up to this much later, by chance, so that a fleet does not come at once."`
	Retry    []Seconds `json:"retry_s" default:"60,300,1800,3600" range:"1..10" each:"10..86400" doc:"Waits after failures, one after the other; the last repeats."`
	At       string    `json:"at" range:"0..5" doc:"Also look at this time of day, local time, as 03:30. Empty: do not."`
	Window   string    `json:"window" range:"0..11" doc:"Take over what interrupts service only in this time of day, as 02:00-05:00. Empty: at any time."`
	MaxDefer Seconds   `json:"max_defer_s" default:"14400" range:"0..604800" doc:"A change that waits for telephones to be hung up waits at most this long for one that is not in a call. Calls are always waited for."`
}

// InWindow says whether what interrupts service may be taken over at a moment,
// by the clock of its time zone.
func (r *Resync) InWindow(at time.Time) bool {
	from, to, ok := strings.Cut(r.Window, "-")
	if !ok {
		return true
	}
	now := at.Format("15:04")
	if from <= to {
		return from <= now && now < to
	}
	return from <= now || now < to // over midnight
}

// ProvisionNotify says whether the SIP server may ask for a look.
type ProvisionNotify struct {
	Enabled bool   `json:"enabled" default:"true" doc:"Whether its NOTIFY is followed at all."`
	Auth    string `json:"require_auth" default:"reboot" enum:"never,reboot,always" doc:"For what it must prove its password: nothing, a restart, or everything."`
}

// ProvisionDHCP says whether the local network may name a server.
type ProvisionDHCP struct {
	Enabled  bool  `json:"enabled" default:"true" doc:"Whether options of DHCP are read while no url is set."`
	Options  []int `json:"options" default:"160,66,159,150,43" range:"0..8" each:"1..254" doc:"Which, the first that is there counts."`
	Override bool  `json:"override" default:"false" doc:"Whether they count even when a url is set."`
	Inform   bool  `json:"inform" default:"false" doc:"Whether to ask the DHCP server when no lease file tells."`
}

// ProvisionPush is where the device hears that there is a change.
type ProvisionPush struct {
	URL      string `json:"url" range:"0..1024" doc:"MQTT or WebSocket server: mqtts://host, wss://host/path. Empty: none."`
	Topic    string `json:"topic" range:"0..255" doc:"MQTT topic; macros are filled in."`
	User     string `json:"user" range:"0..128" doc:"User name there."`
	Password Secret `json:"password" range:"0..256" doc:"Password there."`
}

// ProvisionTrust is whom to believe.
type ProvisionTrust struct {
	CA               string   `json:"ca_pem" range:"0..65536" multiline:"true" doc:"Certificates of authorities (PEM) that the server's must come from. Empty: the system's."`
	ConfigKeys       []string `json:"config_keys" range:"0..4" each:"56..56" doc:"Public minisign keys whose signature a configuration may have."`
	RequireSignature bool     `json:"require_signature" default:"false" doc:"Whether a configuration without a good signature is refused."`
}

// The schemes of URLs.
var (
	fetchSchemes = []string{"https", "http", "tftp"} // the enum of schemes
	pushSchemes  = []string{"mqtts", "mqtt", "wss", "ws"}
)

var (
	timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	window    = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

// checkProvision reports what no single key of the section can tell.
func (d *document) checkProvision() {
	const at = "/provision"
	p := &d.config.Provision
	d.checkURL(p.URL, at+"/url", fetchSchemes, p.Schemes)
	for i, u := range p.Fallback {
		d.checkURL(u, fmt.Sprintf("%s/fallback/%d", at, i), fetchSchemes, p.Schemes)
	}
	d.checkURL(p.Report, at+"/report", fetchSchemes[:1], fetchSchemes[:1])
	d.checkURL(p.Push.URL, at+"/push/url", pushSchemes, pushSchemes)
	if strings.HasPrefix(p.Push.URL, "mqtt") && p.Push.Topic == "" {
		d.faultAt(at+"/push/topic", "must be set for an MQTT server")
	}
	if m := p.Auth.Mode; (m == "basic" || m == "digest") && p.Auth.User == "" {
		d.faultAt(at+"/auth/user", "must be set for "+m)
	}
	if (p.Auth.Certificate == "") != (p.Auth.Key == "") {
		d.faultAt(at+"/auth/key", "must be set together with certificate")
	}
	if p.Resync.At != "" && !timeOfDay.MatchString(p.Resync.At) {
		d.faultAt(at+"/resync/at", "must be a time of day as 03:30")
	}
	if p.Resync.Window != "" && !window.MatchString(p.Resync.Window) {
		d.faultAt(at+"/resync/window", "must be two times of day as 02:00-05:00")
	}
	if p.Trust.RequireSignature && len(p.Trust.ConfigKeys) == 0 {
		d.faultAt(at+"/trust/config_keys", "must name a key while signatures are required")
	}
	d.checkNoSharedPassword()
}

// checkURL reports a URL that could not be used. What it says never repeats the
// URL, which may hold a password.
func (d *document) checkURL(s, path string, known, allowed []string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Host == "":
		d.faultAt(path, "must be a URL with a host")
	case u.User != nil:
		d.faultAt(path, "must not hold a user or password; auth has keys for them")
	case !slices.Contains(known, u.Scheme):
		d.faultAt(path, "must begin with one of "+strings.Join(known, ", "))
	case !slices.Contains(allowed, u.Scheme):
		d.faultAt(path, u.Scheme+" is not among provision.schemes")
	}
}

// checkNoSharedPassword keeps the password of a SIP account from being used
// anywhere else.
func (d *document) checkNoSharedPassword() {
	p := &d.config.Provision
	for i := range d.config.Lines {
		account := d.config.Lines[i].SIP.Password
		if account.IsZero() || account.Reveal() == account.String() { // as Show writes it
			continue
		}
		if account == p.Auth.Password {
			d.faultAt("/provision/auth/password", fmt.Sprintf("is that of the SIP account of /lines/%d; each must have its own", i))
		}
		if account == p.Push.Password {
			d.faultAt("/provision/push/password", fmt.Sprintf("is that of the SIP account of /lines/%d; each must have its own", i))
		}
	}
}

// checkDeprovision sees to it that the end of an account is for one device and
// cannot come twice.
func (d *document) checkDeprovision() {
	if !d.config.Deprovision {
		return
	}
	if d.config.Device == "" {
		d.faultAt("/device", "must be set with deprovision")
	}
	if d.config.Generation == 0 {
		d.faultAt("/generation", "must be counted with deprovision")
	}
}

func (d *document) checkIssued() {
	if s := d.config.Issued; s != "" {
		if _, err := time.Parse(time.RFC3339, s); err != nil {
			d.faultAt("/issued", "must be a date and time as 2026-11-21T16:00:00Z (RFC 3339)")
		}
	}
}
