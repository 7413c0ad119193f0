//go:build provision

package provision

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/test/peer"
)

// deviceMAC is the address of the device that this computer is, twelve digits.
func deviceMAC(t *testing.T) string {
	t.Helper()
	id, err := board.ReadIdentity(os.DirFS("/"))
	if err != nil || len(id.MAC) == 0 {
		t.Skipf("this computer has no Ethernet address: %v", err)
	}
	return hex.EncodeToString(id.MAC)
}

// pbxServer is nginx in the manner of PBXs that serve adapters: it knows them by
// the User-Agent and gives others nothing. The places to fill in are folder, and
// ports of HTTPS and HTTP.
//
// The folder wazo has files by name. FusionPBX's program takes the MAC address from
// the query or the name; for Grandstream adapters it has it from the last twelve
// characters of the User-Agent, which must be the same here.
const pbxServer = `
log_format asked '$request_uri "$http_user_agent"';
map $http_user_agent $grandstream {
    default "";
    "~^Grandstream Model HW \w+(?:\s+V[^ ]+)? SW [^ ]+ DevId (?<end>[0-9a-f]{12})$" $end;
}
map $http_user_agent $spa {
    default "";
    "~^Cisco/SPA112-\S+ (?:\([0-9A-F]{12}\))?\(\w+\)$" yes;
}
server {
    listen 127.0.0.1:%[2]d ssl;
    listen 127.0.0.1:%[3]d;
    ssl_certificate %[1]s/etc/good.pem; ssl_certificate_key %[1]s/etc/good.key;
    access_log %[1]s/asked.log asked;
    auth_basic_user_file %[1]s/etc/users;
    root %[1]s/docs;
    location /Grandstream/ {
        if ($grandstream = "") { return 404; }
        try_files $uri =404;
    }
    location /Cisco/ {
        if ($spa = "") { return 404; }
        try_files $uri =404;
    }
    location ~ "^/fusion/cfg(?<named>[0-9a-f]{12})\.xml$" {
        auth_basic "pbx";
        if ($grandstream != $named) { return 403; }
        try_files /fusion/$named.xml =403;
    }
    location = /fusion/ {
        auth_basic "pbx";
        if ($spa = "") { return 403; }
        try_files /fusion/$arg_mac.xml =403;
    }
}
`

// dropIn is a PBX with an adapter's files and what the owner of the device says.
type dropIn struct {
	pbx
	persona string
	names   []string // by which the server has the files
	url     string   // HTTPS and TFTP stand for the server's
	first   string   // what in.tftpd has as spa112.cfg; HTTPS and HTTP stand for nginx
	user    string   // of the provisioning server
}

var dropIns = []dropIn{
	{pbx: pbxs[0], persona: "ht802", names: []string{"fusion/MAC.xml"}, url: "HTTPS/fusion/", user: "provuser"},
	{pbx: pbxs[1], persona: "ht802", names: []string{"Grandstream/cfgMAC.xml"}, url: "HTTPS/Grandstream/"},
	{pbx: pbxs[2], persona: "spa112", names: []string{"fusion/MAC.xml"}, url: "HTTPS/fusion/?mac=$MA", user: "provuser"},
	{
		pbx: pbxs[3], persona: "spa112", names: []string{"Cisco/spa-ata.xml", "Cisco/MAC.xml"}, url: "TFTP",
		first: "<Profile_Rule_B>HTTP/Cisco/spa-ata.xml</Profile_Rule_B><Profile_Rule_C>HTTPS/Cisco/$MA.xml</Profile_Rule_C>",
	},
}

// TestDropIn puts the device in the place of an HT802 and of an SPA112 at PBXs that
// know those alone: it asks as they do, both lines register at Kamailio, and one
// calls the other.
func TestDropIn(t *testing.T) {
	mac := deviceMAC(t)
	for _, d := range dropIns {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			k := peer.StartKamailio(t, "MD5", d.accounts[:]...)
			dir, ca, places := d.serve(t, mac, k.Port)
			section := map[string]any{
				"persona": d.persona, "url": places.Replace(d.url), "schemes": []string{"https", "http", "tftp"},
				"trust": map[string]any{"ca_pem": ca}, "resync": map[string]any{"jitter_s": 0}, "confirm_s": 60,
			}
			if d.user != "" {
				section["auth"] = map[string]any{"mode": "basic", "user": d.user, "password": "provpass"}
			}
			out := map[string]any{"enabled": false}
			a := &device{Agent: peer.NewAgent(t, program, []byte(object(t, map[string]any{"provision": section, "lines": []any{out, out}})))}
			a.Run(t)
			registered(t, a.Agent, 2)
			a.until(t, 30*time.Second, "the trial is confirmed", func(s *status) bool { return s.Provisioning.Source != "" && s.Provisioning.Reason == "" })
			for n := range d.accounts {
				if !k.Knows(t, number(n+1)) {
					t.Errorf("Kamailio does not know %s", number(n+1))
				}
			}
			call(t, a.Agent, d.caller)
			asked, err := os.ReadFile(filepath.Join(dir, "asked.log"))
			if err != nil || !strings.Contains(string(asked), "ata-agent/") {
				t.Errorf("nobody said who asks: %s, %v", asked, err)
			}
			t.Logf("asked for\n%s", asked)
		})
	}
}

// serve starts the PBX's servers. What is returned fills in their places.
func (d *dropIn) serve(t *testing.T, mac string, registrar int) (dir, ca string, places *strings.Replacer) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ata-agent-pbx") // nginx's workers run as another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	servers := newAuthority(t, "Servers")
	certificate, key := servers.issue(t, "pbx.example.net", []net.IP{net.IPv4(127, 0, 0, 1)})
	writePair(t, filepath.Join(dir, "etc", "good"), certificate, key)
	hash, err := exec.Command("openssl", "passwd", "-apr1", "provpass").Output()
	if err != nil {
		t.Fatal(err)
	}
	peer.WriteFile(t, filepath.Join(dir, "etc", "users"), fmt.Appendf(nil, "provuser:%s", hash))
	for i, name := range d.names {
		text := strings.ReplaceAll(string(d.rendered(t, d.files[i], registrar)), "000b82aabbcc", mac)
		peer.WriteFile(t, filepath.Join(dir, "docs", strings.Replace(name, "MAC", mac, 1)), []byte(text))
	}
	secure, plain := peer.FreePort(t), peer.FreePort(t)
	peer.WriteFile(t, filepath.Join(dir, "conf.d", "pbx.conf"), fmt.Appendf(nil, pbxServer, dir, secure, plain))
	runNginx(t, dir, secure)
	replace := []string{"HTTPS", fmt.Sprintf("https://127.0.0.1:%d", secure), "HTTP", fmt.Sprintf("http://127.0.0.1:%d", plain)}
	if d.first != "" {
		folder, url := startTFTP(t)
		text := strings.NewReplacer(replace...).Replace("<flat-profile>" + d.first + "</flat-profile>")
		peer.WriteFile(t, filepath.Join(folder, "spa112.cfg"), []byte(text))
		open(t, folder)
		replace = append(replace, "TFTP", url)
	}
	return dir, string(pemOf("CERTIFICATE", servers.certificate.Raw)), strings.NewReplacer(replace...)
}
