"""Everyday words that are never taken for an unknown name or place ("I'm happy" names nobody)."""

from realtime.tutor.spoken import plain

ORDINARY = frozenset(
    plain("""
    a about afraid after again all alone also always am an and angry another any are at away back bad
    bag be beach beautiful because bed been beer before best better big bill bit black blue bored boring
    boy bread breakfast brother bus busy but buy by cake call called can car cat child children city
    class clean coffee cold come computer cook could country course daughter day did different difficult
    dinner do doctor dog does doing done down drink easy eat eight eleven engineer english evening every
    excited family far fast father feel few fifty fine first five food football for forty four friend
    friends from fun game garden get girl give go going good great green had hair half happy hard has
    have he hello help her here hers high him his home hot hotel hour house how hundred hungry husband i
    ice idea if ill important in interesting is it its job just kind kitchen know large late later learn
    left less like little live long look lot love lunch made make man many married maybe me meat meet
    milk mine money month more morning most mother movie much music my name near need nervous never new
    next nice night nine no not nothing now nurse of off office often okay old on one only open or other
    our out over pain park party people phone pizza place play please question quiet rain read ready
    really red restaurant right room run sad same say school sea see seven she shop short sick sister
    six sleep slow small so some something son soon sorry speak student study sun sure table take talk
    tall tea teacher ten thank that the their them then there they thing things think thirsty thirty
    this three tired to today together tomorrow tonight too town train tree twelve twenty two understand
    up us very walk want warm was watch water way we weather week weekend well went were what when where
    which white who whose why wife will wine with woman wonderful word work working world would write
    wrong year years yellow yes yesterday you young your yours
    """)
)
