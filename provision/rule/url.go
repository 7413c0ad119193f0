package rule

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Resolve completes the URL of a rule: without a scheme it is TFTP, without a
// host it is the server's that DHCP named. An error means that it is no URL, has a
// scheme that adapters do not know, or needs a server and there is none.
func Resolve(text, dhcpHost string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "tftp://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("rule: read URL: it is none") // its text may hold a password
	}
	switch u.Scheme {
	case "tftp", "http", "https":
	default:
		return nil, fmt.Errorf("rule: read URL: scheme %q, want tftp, http or https", u.Scheme)
	}
	if u.Host == "" {
		u.Host = dhcpHost
	}
	if u.Hostname() == "" {
		return nil, errors.New("rule: read URL: it names no server, and DHCP named none")
	}
	return u, nil
}
