"""Topics, moods, emoji, and nouns per topic in ten languages."""

TOPICS = (
    "football", "cooking", "travel", "music", "film", "gaming",
    "technology", "science", "politics", "money", "health", "pets",
)  # fmt: skip
MOODS = ("joy", "love", "anger", "sadness", "fear", "surprise")
EMOJI = ("😀", "🔥", "👍", "🎉", "😍", "😢", "😡", "🙏", "😱", "🤔", "✨", "💔")

# one line per topic in the order of TOPICS, five nouns each
NOUNS = {
    "en": """the late goal|the derby|our goalkeeper|a penalty|the transfer window
green curry|sourdough bread|grandma's soup|a quick salad|street noodles
the night train|a quiet beach|the old town|mountain trails|cheap flights
the new album|a jazz club|the bass line|live concerts|vinyl records
the final scene|a short film|that documentary|the director's cut|cinema snacks
the boss fight|a speed run|co-op mode|the new patch|retro consoles
the phone update|open source|battery life|robot arms|the cloud bill
the space telescope|gene editing|deep sea life|a lab result|climate data
the election|a new law|the city council|the debate|public transport plans
rent prices|the savings plan|inflation|stock markets|a side job
morning runs|good sleep|the flu season|yoga class|less sugar
my cat|a rescue dog|the parrot|puppy training|the fish tank""",
    "th": """ประตูท้ายเกม|ศึกดาร์บี้|ผู้รักษาประตู|ลูกจุดโทษ|ตลาดนักเตะ
แกงเขียวหวาน|ส้มตำ|ข้าวมันไก่|ก๋วยเตี๋ยวเรือ|ขนมปังโฮมเมด
รถไฟกลางคืน|ทะเลเงียบๆ|เมืองเก่า|เดินป่า|ตั๋วเครื่องบินราคาถูก
อัลบั้มใหม่|วงดนตรีสด|เพลงลูกทุ่ง|คอนเสิร์ต|แผ่นเสียง
ฉากจบ|หนังสั้น|สารคดีเรื่องนี้|ละครหลังข่าว|โรงหนัง
บอสตัวสุดท้าย|เกมมือถือ|โหมดเล่นด้วยกัน|แพตช์ใหม่|เครื่องเกมเก่า
มือถือรุ่นใหม่|โอเพนซอร์ส|แบตเตอรี่|หุ่นยนต์|ค่าใช้จ่ายคลาวด์
กล้องโทรทรรศน์|การตัดต่อยีน|ใต้ทะเลลึก|ผลการทดลอง|ข้อมูลภูมิอากาศ
การเลือกตั้ง|กฎหมายใหม่|สภาเมือง|การดีเบต|แผนรถไฟฟ้า
ค่าเช่าบ้าน|แผนออมเงิน|เงินเฟ้อ|ตลาดหุ้น|งานเสริม
วิ่งตอนเช้า|การนอนหลับ|ไข้หวัดใหญ่|คลาสโยคะ|ลดน้ำตาล
แมวที่บ้าน|หมาจร|นกแก้ว|ฝึกลูกหมา|ตู้ปลา""",
    "es": """el gol final|el clásico|nuestro portero|un penalti|el mercado de fichajes
la paella|el pan casero|la sopa de la abuela|una ensalada rápida|los tacos
el tren nocturno|una playa tranquila|el casco antiguo|las rutas de montaña|los vuelos baratos
el nuevo disco|un club de jazz|la guitarra|los conciertos|los vinilos
la escena final|un cortometraje|ese documental|la serie nueva|el cine de barrio
el jefe final|una partida rápida|el modo cooperativo|el parche nuevo|las consolas antiguas
la actualización del móvil|el software libre|la batería|los robots|la nube
el telescopio espacial|la edición genética|la vida marina|el experimento|los datos del clima
las elecciones|la nueva ley|el ayuntamiento|el debate|el transporte público
el alquiler|el ahorro|la inflación|la bolsa|un segundo trabajo
correr por la mañana|dormir bien|la gripe|la clase de yoga|menos azúcar
mi gato|un perro adoptado|el loro|el cachorro|la pecera""",
    "pt": """o gol no fim|o clássico|nosso goleiro|um pênalti|a janela de transferências
a feijoada|o pão caseiro|a sopa da vovó|uma salada rápida|a moqueca
o trem noturno|uma praia calma|o centro histórico|as trilhas|os voos baratos
o disco novo|um clube de samba|o violão|os shows|os vinis
a cena final|um curta|aquele documentário|a série nova|o cinema do bairro
o chefão|uma partida rápida|o modo cooperativo|a atualização do jogo|os consoles antigos
o celular novo|o software livre|a bateria|os robôs|a conta da nuvem
o telescópio espacial|a edição de genes|a vida marinha|o experimento|os dados do clima
as eleições|a nova lei|a prefeitura|o debate|o transporte público
o aluguel|a poupança|a inflação|a bolsa|um trabalho extra
correr de manhã|dormir bem|a gripe|a aula de ioga|menos açúcar
meu gato|um cachorro adotado|o papagaio|o filhote|o aquário""",
    "ja": """終盤のゴール|ダービー戦|うちのキーパー|PK戦|移籍市場
味噌汁|手作りパン|おばあちゃんの煮物|簡単サラダ|ラーメン
夜行列車|静かな海|古い町並み|山歩き|格安航空券
新しいアルバム|ジャズ喫茶|ベースライン|ライブ|レコード
ラストシーン|短編映画|あのドキュメンタリー|新作アニメ|映画館
ラスボス|タイムアタック|協力プレイ|新しいパッチ|レトロゲーム機
スマホの更新|オープンソース|電池の持ち|ロボット|クラウド料金
宇宙望遠鏡|遺伝子編集|深海の生き物|実験結果|気候データ
選挙|新しい法律|市議会|討論会|公共交通
家賃|貯金計画|物価高|株式市場|副業
朝のランニング|よい睡眠|インフルエンザ|ヨガ教室|糖質オフ
うちの猫|保護犬|インコ|子犬のしつけ|水槽""",
    "de": """das späte Tor|das Derby|unser Torwart|der Elfmeter|das Transferfenster
das Sauerteigbrot|Omas Suppe|der Kartoffelsalat|die Käsespätzle|der Apfelkuchen
der Nachtzug|ein ruhiger Strand|die Altstadt|der Wanderweg|die günstigen Flüge
das neue Album|der Jazzclub|die Basslinie|das Konzert|die Schallplatten
die letzte Szene|der Kurzfilm|diese Dokumentation|die neue Serie|das kleine Kino
der Endgegner|der Speedrun|der Koop-Modus|der neue Patch|die alte Konsole
das Handy-Update|die freie Software|die Akkulaufzeit|der Roboter|die Cloud-Rechnung
das Weltraumteleskop|die Genforschung|die Tiefsee|das Laborergebnis|die Klimadaten
die Wahl|das neue Gesetz|der Stadtrat|die Debatte|der Nahverkehr
die Miete|der Sparplan|die Inflation|die Börse|der Nebenjob
der Morgenlauf|guter Schlaf|die Grippezeit|der Yogakurs|weniger Zucker
meine Katze|der Hund aus dem Tierheim|der Papagei|der Welpe|das Aquarium""",
    "fr": """le but tardif|le derby|notre gardien|le penalty|le mercato
la ratatouille|le pain maison|la soupe de mamie|une salade rapide|la tarte aux pommes
le train de nuit|une plage calme|la vieille ville|les sentiers|les vols pas chers
le nouvel album|un club de jazz|la ligne de basse|les concerts|les vinyles
la scène finale|un court métrage|ce documentaire|la nouvelle série|le cinéma du quartier
le boss final|une partie rapide|le mode coop|la mise à jour du jeu|les vieilles consoles
le nouveau téléphone|le logiciel libre|la batterie|les robots|la facture du cloud
le télescope spatial|la génétique|la vie marine|le résultat du labo|les données du climat
les élections|la nouvelle loi|le conseil municipal|le débat|les transports publics
le loyer|l'épargne|l'inflation|la bourse|un petit boulot
courir le matin|bien dormir|la grippe|le cours de yoga|moins de sucre
mon chat|un chien adopté|le perroquet|le chiot|l'aquarium""",
    "id": """gol menit akhir|laga derbi|kiper kita|adu penalti|bursa transfer
rendang|roti buatan sendiri|soto ayam|salad cepat|nasi goreng
kereta malam|pantai sepi|kota tua|jalur pendakian|tiket murah
album baru|klub jazz|gitar tua|konser musik|piringan hitam
adegan terakhir|film pendek|film dokumenter itu|serial baru|bioskop kecil
bos terakhir|main cepat|mode bersama|pembaruan gim|konsol lama
ponsel baru|sumber terbuka|daya baterai|lengan robot|tagihan cloud
teleskop antariksa|penyuntingan gen|laut dalam|hasil percobaan|data iklim
pemilu|undang-undang baru|dewan kota|acara debat|angkutan umum
harga sewa|rencana menabung|inflasi|pasar saham|kerja sampingan
lari pagi|tidur nyenyak|musim flu|kelas yoga|kurangi gula
kucingku|anjing terlantar|burung nuri|anak anjing|akuarium""",
    "ar": """هدف الدقائق الأخيرة|مباراة الديربي|حارس مرمانا|ركلة الجزاء|سوق الانتقالات
الكشري|خبز البيت|شوربة جدتي|سلطة سريعة|المنسف
قطار الليل|شاطئ هادئ|المدينة القديمة|دروب الجبال|رحلات رخيصة
الألبوم الجديد|سهرة طرب|صوت العود|الحفلات|الأسطوانات
المشهد الأخير|فيلم قصير|ذلك الوثائقي|المسلسل الجديد|سينما الحي
الزعيم الأخير|جولة سريعة|اللعب التعاوني|التحديث الجديد|الأجهزة القديمة
الهاتف الجديد|البرمجيات الحرة|البطارية|الروبوتات|فاتورة السحابة
التلسكوب الفضائي|تعديل الجينات|أعماق البحر|نتيجة المختبر|بيانات المناخ
الانتخابات|القانون الجديد|مجلس المدينة|المناظرة|النقل العام
إيجار البيت|خطة التوفير|التضخم|سوق الأسهم|عمل إضافي
الجري صباحا|النوم الجيد|موسم الإنفلونزا|درس اليوغا|تقليل السكر
قطتي|كلب من الملجأ|الببغاء|تدريب الجرو|حوض السمك""",
    "hi": """आखिरी मिनट का गोल|डर्बी मैच|हमारा गोलकीपर|पेनल्टी|खिलाड़ियों का बाज़ार
दाल मखनी|घर की रोटी|दादी का सूप|झटपट सलाद|चाट
रात की ट्रेन|शांत समुद्र तट|पुराना शहर|पहाड़ी रास्ते|सस्ती उड़ानें
नया एल्बम|जैज़ क्लब|सितार की धुन|लाइव कॉन्सर्ट|पुराने रिकॉर्ड
आखिरी दृश्य|छोटी फ़िल्म|वह वृत्तचित्र|नई सीरीज़|पुराना सिनेमाघर
आखिरी बॉस|तेज़ मुकाबला|साथ में खेल|नया पैच|पुराना कंसोल
नया फ़ोन|मुक्त सॉफ़्टवेयर|बैटरी|रोबोट|क्लाउड का बिल
अंतरिक्ष दूरबीन|जीन संपादन|गहरा समुद्र|प्रयोग का नतीजा|जलवायु के आँकड़े
चुनाव|नया कानून|नगर परिषद|बहस|सार्वजनिक परिवहन
किराया|बचत योजना|महंगाई|शेयर बाज़ार|दूसरी नौकरी
सुबह की दौड़|अच्छी नींद|फ्लू का मौसम|योग कक्षा|कम चीनी
मेरी बिल्ली|बचाया हुआ कुत्ता|तोता|पिल्ले की ट्रेनिंग|मछलीघर""",
}
