package board

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"

	"github.com/ata-agent/ata-agent/jsondoc"
)

// identityFile is where the factory puts the identity of a device.
const identityFile = "etc/ata-agent/identity.json"

// Identity tells one device from all others. Fields are empty where nothing is
// known.
type Identity struct {
	Model  string // product
	Serial string // of the device
	MAC    net.HardwareAddr
	Board  string // name or file of the board, from the factory alone
}

// identityDocument is the file that the factory writes.
type identityDocument struct {
	Model  string `json:"model" range:"0..120" doc:"Product name. Empty: the model in the device tree."`
	Serial string `json:"serial" range:"0..64" doc:"Serial number. Empty: the one in the device tree."`
	MAC    string `json:"mac" range:"0..17" doc:"Ethernet address, 00:00:5e:00:53:01. Empty: the one in the device tree, else the first interface's."`
	Board  string `json:"board" range:"0..255" doc:"Board: name of a built-in one or a file. Empty: the detected one."`
}

// ReadIdentity reads what the factory wrote to /etc/ata-agent/identity.json,
// and the device tree and the network interfaces for what it did not; root is
// the root of the file system. A file that is wrong is an error; the rest of the
// identity is returned with it.
func ReadIdentity(root fs.FS) (Identity, error) {
	id := Identity{
		Model:  property(root, "model"),
		Serial: property(root, "serial-number"),
		MAC:    readMAC(root),
	}
	data, err := fs.ReadFile(root, identityFile)
	if errors.Is(err, fs.ErrNotExist) {
		return id, nil
	}
	if err != nil {
		return id, fmt.Errorf("board: read identity: %w", err)
	}
	doc, err := jsondoc.Parse("/"+identityFile, data, checkIdentity)
	if err != nil {
		return id, fmt.Errorf("board: read identity: %w", err)
	}
	return id.replaced(doc.Value), nil
}

func checkIdentity(d *jsondoc.Document[identityDocument]) {
	if d.Value.MAC == "" {
		return
	}
	if _, ok := parseMAC(d.Value.MAC); !ok {
		d.Fault("/mac", fmt.Sprintf("%q is no Ethernet address of one device, allowed: six bytes such as 00:00:5e:00:53:01", d.Value.MAC))
	}
}

// replaced is the identity with what the factory gave.
func (id Identity) replaced(doc *identityDocument) Identity {
	if doc.Model != "" {
		id.Model = doc.Model
	}
	if doc.Serial != "" {
		id.Serial = doc.Serial
	}
	if mac, ok := parseMAC(doc.MAC); ok {
		id.MAC = mac
	}
	id.Board = doc.Board
	return id
}

// parseMAC reads the address of one station; groups and nobody's are none.
func parseMAC(s string) (net.HardwareAddr, bool) {
	mac, err := net.ParseMAC(s)
	return mac, err == nil && isStation(mac)
}

func isStation(mac net.HardwareAddr) bool {
	return len(mac) == 6 && mac[0]&1 == 0 && !bytes.Equal(mac, make([]byte, 6))
}

// readMAC returns the address of the first Ethernet interface: what the
// bootloader wrote into the device tree, else what the kernel uses for the first
// interface of the usual names.
func readMAC(root fs.FS) net.HardwareAddr {
	if node := property(root, "aliases/ethernet0"); node != "" {
		mac, err := fs.ReadFile(root, deviceTree+node+"/local-mac-address")
		if err == nil && isStation(mac) {
			return mac
		}
	}
	for _, name := range []string{"eth0", "end0", "wlan0"} {
		text, err := fs.ReadFile(root, "sys/class/net/"+name+"/address")
		if err != nil {
			continue
		}
		if mac, ok := parseMAC(strings.TrimSpace(string(text))); ok {
			return mac
		}
	}
	return nil
}
