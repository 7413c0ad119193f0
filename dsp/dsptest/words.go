package dsptest

import "strings"

// Plain words, chosen for a mix of vowels and consonants.
var (
	english = strings.Fields(`hello mother water window telephone yesterday morning engine
		seven nobody really always somewhere river garden yellow between machine wonderful
		I am calling you because the line was busy and we would like to know whether
		anyone has seen our brother near the old station please answer soon thank
		who why where when quarter evening illusion moon usual measure juice judge ring`)
	german = strings.Fields(`guten Morgen Wasser Fenster Telefon gestern immer niemand Garten
		Mutter Bruder ich rufe an weil die Leitung besetzt war und wir gerne wissen
		möchten ob jemand unseren alten Wagen gesehen hat bitte antworten danke warum
		wo wer heute Abend Übung schön Zeitung ungewöhnlich zwischen Maschine Fluss`)
	french = strings.Fields(`bonjour madame fenêtre téléphone hier toujours personne jardin
		maman frère je vous appelle parce que la ligne était occupée et nous voudrions
		savoir si quelqu'un a vu notre vieille voiture merci pourquoi où qui ce soir
		beaucoup rivière entre machine lumière un bon vin blanc heureux oiseau`)
	spanish = strings.Fields(`buenos días ventana teléfono ayer siempre nadie jardín madre
		hermano le llamo porque la línea estaba ocupada y quisiéramos saber si alguien
		ha visto nuestro viejo coche gracias por qué dónde quién esta noche mucho río
		entre máquina luz agua guitarra rojo perro llave niño muchacha`)
	italian = strings.Fields(`buongiorno signora finestra telefono ieri sempre nessuno
		giardino mamma fratello la chiamo perché la linea era occupata e vorremmo sapere
		se qualcuno ha visto la nostra vecchia macchina grazie dove chi stasera molto
		fiume tra luce acqua gli gnocchi zucchero ragazzo famiglia`)
)
