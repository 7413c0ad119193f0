package sip

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// Trouble is why there is no connection to a server over TLS.
type Trouble string

// The troubles.
const (
	Untrusted     Trouble = "untrusted_certificate"     // of an authority that we were not told to trust
	WrongName     Trouble = "certificate_of_another"    // the certificate is not for the server's name
	Expired       Trouble = "certificate_expired"       // or not valid yet
	Unfit         Trouble = "certificate_unfit"         // something else about it
	NotTLS        Trouble = "no_tls"                    // the server does not speak TLS at this port
	TurnedAway    Trouble = "turned_away"               // the server ended the handshake, mostly because of our certificate
	NoCertificate Trouble = "certificate_file_unusable" // our own files cannot be used
)

// errFiles marks an error of Opts.TLS.
var errFiles = errors.New("sip: certificates")

// troubleOf says what an error of a handshake means, for programs and in words;
// nothing for an error of the network.
func troubleOf(err error) (Trouble, string) {
	if errors.Is(err, errFiles) {
		return NoCertificate, "the files of certificates cannot be used: " + err.Error()
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return Untrusted, "the server's certificate comes from an authority that is not trusted"
	}
	if name, ok := errors.AsType[x509.HostnameError](err); ok {
		return WrongName, "the server's certificate is not for " + name.Host
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if bad.Reason == x509.Expired {
			return Expired, "the server's certificate has expired or is not valid yet"
		}
		return Unfit, "the server's certificate cannot be used: " + bad.Error()
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return Unfit, "the server's certificate cannot be used: " + bad.Err.Error()
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return NotTLS, "the server does not speak TLS at this port"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return TurnedAway, "the server ended the handshake: " + op.Err.Error()
	}
	return "", ""
}
