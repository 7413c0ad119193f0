package peer

import (
	_ "embed" // the configuration
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed kamailio.cfg
var kamailioConfig string

// Account is one at Kamailio, domain ata.test.
type Account struct{ User, Password string }

// Kamailio is a registrar and proxy.
type Kamailio struct {
	*Process
	Port int // on 127.0.0.1, UDP and TCP
	run  string

	Secure int    // port of TLS on 127.0.0.1, 0 = none
	CA     string // file of the authority that vouches for it
}

// StartKamailio runs Kamailio with these accounts; algorithm is that of its
// challenges, MD5 or SHA-256.
func StartKamailio(t *testing.T, algorithm string, accounts ...Account) *Kamailio {
	t.Helper()
	k := &Kamailio{run: t.TempDir(), Port: FreePort(t)}
	k.prepare(t, algorithm, accounts)
	k.Start(t)
	return k
}

// StartSecureKamailio is StartKamailio for one that speaks TLS as well, with a
// certificate for 127.0.0.1 of an authority of its own.
func StartSecureKamailio(t *testing.T, algorithm string, accounts ...Account) *Kamailio {
	t.Helper()
	k := &Kamailio{run: t.TempDir(), Port: FreePort(t), Secure: FreePort(t)}
	k.CA = Certificate(t, k.run)
	k.prepare(t, algorithm, accounts)
	k.Start(t)
	return k
}

func (k *Kamailio) prepare(t *testing.T, algorithm string, accounts []Account) {
	t.Helper()
	WriteFile(t, filepath.Join(k.run, "db", "version"), []byte("table_name(string) table_version(int)\nsubscriber:7\n"))
	var db strings.Builder
	db.WriteString("id(int,auto) username(string) domain(string) password(string) ha1(string,null) ha1b(string,null)\n")
	for n, a := range accounts {
		fmt.Fprintf(&db, "%d:%s:ata.test:%s::\n", n+1, a.User, a.Password)
	}
	WriteFile(t, filepath.Join(k.run, "db", "subscriber"), []byte(db.String()))
	Fill(t, kamailioConfig, filepath.Join(k.run, "kamailio.cfg"), map[string]any{"Port": k.Port, "Run": k.run, "Algorithm": algorithm, "Secure": k.Secure})
}

// Start runs it again after Stop; it has forgotten who was registered.
func (k *Kamailio) Start(t *testing.T) {
	t.Helper()
	k.Process = Start(t, "kamailio", exec.Command("kamailio", "-f", filepath.Join(k.run, "kamailio.cfg"),
		"-DD", "-E", "-Y", k.run, "-P", filepath.Join(k.run, "pid"), "-w", k.run, "-m", "32", "-M", "4"))
	Eventually(t, 10*time.Second, "kamailio answers OPTIONS", func() bool { return answersOptions(k.Port) })
}

// Knows reports whether a user is registered.
func (k *Kamailio) Knows(t *testing.T, user string) bool {
	t.Helper()
	out, err := exec.Command("kamcmd", "-s", "unix:"+filepath.Join(k.run, "ctl"), "ul.dump").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Domains") {
		t.Fatalf("kamcmd: %v: %s", err, out)
	}
	return strings.Contains(string(out), "AoR: "+user+"\n")
}

// answersOptions asks a SIP server whether it is there.
func answersOptions(port int) bool {
	c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	defer c.Close()
	fmt.Fprintf(c, "OPTIONS sip:127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKping;rport\r\nMax-Forwards: 5\r\n"+
		"From: <sip:ping@127.0.0.1>;tag=p\r\nTo: <sip:127.0.0.1>\r\nCall-ID: ping\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", port, c.LocalAddr())
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	n, err := c.Read(make([]byte, 2048))
	return err == nil && n > 0
}
