"""Sentences, phrases of emotion and replies in ten languages."""

# six sentences per language; {x} takes a noun
SENTENCES = {
    "en": "Today it is all about {x}.|Let us talk about {x} for a moment.|Nobody told me about {x} before."
    "|Three things that I learned this week, and all of them have to do with {x}."
    "|What do you think of {x}?|More on {x} tomorrow, with pictures and a longer story.",
    "th": "วันนี้ขอเล่าเรื่อง{x}|ใครชอบ{x}บ้าง|เพิ่งรู้จัก{x}เมื่อไม่นานมานี้"
    "|สามสิ่งที่ได้เรียนรู้ในสัปดาห์นี้ ทั้งหมดเกี่ยวกับ{x}"
    "|คิดยังไงกับ{x}|พรุ่งนี้จะมาเล่าเรื่อง{x}ต่อพร้อมรูป",
    "es": "Hoy toca hablar de esto: {x}.|¿Qué os parece {x}?|Nadie me había contado nada sobre {x}."
    "|Tres cosas que aprendí esta semana y todas tienen que ver con {x}."
    "|Mi tema favorito: {x}.|Mañana sigo con {x}, con fotos y una historia más larga.",
    "pt": "Hoje o assunto é este: {x}.|O que vocês acham: {x}?|Ninguém tinha me falado sobre {x}."
    "|Três coisas que aprendi esta semana e todas têm a ver com {x}."
    "|Meu tema favorito: {x}.|Amanhã conto mais sobre {x}, com fotos.",
    "ja": "今日は{x}の話です。|{x}についてどう思いますか。|{x}のことは最近まで知りませんでした。"
    "|今週学んだ三つのこと、全部{x}に関係があります。|やっぱり{x}が一番。|明日は{x}の続きを写真と一緒に書きます。",
    "de": "Heute geht es um eins: {x}.|Was haltet ihr davon: {x}?|Niemand hat mir je davon erzählt: {x}."
    "|Drei Dinge habe ich diese Woche gelernt, und immer war es {x}."
    "|Mein Lieblingsthema bleibt {x}.|Morgen mehr dazu, mit Bildern: {x}.",
    "fr": "Aujourd'hui, parlons de ceci : {x}.|Vous en pensez quoi : {x} ?|Personne ne m'avait dit : {x}."
    "|Trois choses apprises cette semaine, et toujours la même idée : {x}."
    "|Mon sujet préféré : {x}.|Demain la suite avec des photos : {x}.",
    "id": "Hari ini kita bahas {x}.|Menurut kalian bagaimana {x}?|Aku baru tahu soal {x}."
    "|Tiga hal yang kupelajari minggu ini, semuanya tentang {x}."
    "|Topik favoritku tetap {x}.|Besok lanjut lagi soal {x}, lengkap dengan foto.",
    "ar": "حديث اليوم عن {x}.|ما رأيكم في {x}؟|لم يخبرني أحد من قبل عن {x}."
    "|ثلاثة أشياء تعلمتها هذا الأسبوع وكلها عن {x}.|موضوعي المفضل هو {x}.|غدا نكمل الحديث عن {x} مع الصور.",
    "hi": "आज बात करते हैं: {x}।|आपको कैसा लगता है: {x}?|मुझे पहले पता नहीं था: {x}।"
    "|इस हफ्ते तीन बातें सीखीं और सब इसी के बारे में: {x}।"
    "|मेरा पसंदीदा विषय: {x}।|कल तस्वीरों के साथ और बताऊँगा: {x}।",
}  # fmt: skip

# one phrase per mood in the order of vocabulary.MOODS
FEELINGS = {
    "en": "So happy about it, what a great day!|I love this with all my heart.|This makes me furious."
    "|I feel so sad and tired.|Honestly, it scares me.|Wow, I did not expect that!",
    "th": "มีความสุขมากเลยวันนี้|รักสิ่งนี้สุดหัวใจ|โมโหมากจริงๆ"
    "|เศร้าและเหนื่อยใจ|กลัวจริงๆ นะ|ว้าว ไม่คิดเลยว่าจะเป็นแบบนี้",
    "es": "¡Qué alegría más grande!|Lo amo con todo el corazón.|Esto me da mucha rabia."
    "|Estoy muy triste y sin ganas.|La verdad, me da miedo.|¡Vaya, qué sorpresa!",
    "pt": "Que alegria enorme!|Amo isso de todo o coração.|Isso me dá muita raiva."
    "|Estou muito triste e sem forças.|Na verdade, tenho medo.|Nossa, que surpresa!",
    "ja": "本当にうれしい！|心から大好きです。|腹が立って仕方ない。"
    "|悲しくてつらいです。|正直こわいです。|えっ、びっくりした！",
    "de": "Ich freue mich so sehr!|Ich liebe das von ganzem Herzen.|Das macht mich wütend."
    "|Ich bin so traurig und müde.|Ehrlich gesagt macht es mir Angst.|Wow, was für eine Überraschung!",
    "fr": "Quelle joie immense !|J'adore, de tout mon cœur.|Ça me met en colère."
    "|Je suis si triste et fatigué.|Franchement, ça me fait peur.|Oh là là, quelle surprise !",
    "id": "Senang sekali hari ini!|Aku cinta ini sepenuh hati.|Ini bikin marah."
    "|Sedih dan lelah rasanya.|Jujur, aku takut.|Wah, tidak menyangka!",
    "ar": "أنا سعيد جدا بهذا!|أحب هذا من كل قلبي.|هذا يغضبني كثيرا."
    "|أشعر بحزن وتعب.|بصراحة أنا خائف.|يا للمفاجأة!",
    "hi": "आज मैं बहुत खुश हूँ!|मुझे इससे दिल से प्यार है।"
    "|इससे बहुत गुस्सा आता है।|मन बहुत उदास है।|सच कहूँ तो डर लगता है।|वाह, यह तो सोचा नहीं था!",
}  # fmt: skip

# replies to posts, also the words of a quote
REPLIES = {
    "en": "So true!|I see it differently.|Thanks for sharing this.|Where can I read more about it?",
    "th": "จริงด้วย|เห็นต่างนะ|ขอบคุณที่แบ่งปัน|อ่านเพิ่มได้ที่ไหนคะ",
    "es": "¡Totalmente cierto!|Yo lo veo distinto.|Gracias por compartir.|¿Dónde puedo leer más?",
    "pt": "Verdade pura!|Eu vejo diferente.|Obrigado por compartilhar.|Onde posso ler mais?",
    "ja": "本当にそうですね。|私は違う意見です。|共有ありがとう。|もっと詳しく読みたいです。",
    "de": "Stimmt genau!|Das sehe ich anders.|Danke fürs Teilen.|Wo kann ich mehr lesen?",
    "fr": "Tellement vrai !|Je ne suis pas d'accord.|Merci du partage.|Où lire la suite ?",
    "id": "Benar sekali!|Aku beda pendapat.|Terima kasih sudah berbagi.|Baca lebih lanjut di mana?",
    "ar": "صحيح تماما!|أرى الأمر بشكل مختلف.|شكرا على المشاركة.|أين أقرأ المزيد؟",
    "hi": "बिल्कुल सही!|मेरी राय अलग है।|साझा करने के लिए धन्यवाद।|और कहाँ पढ़ सकते हैं?",
}
